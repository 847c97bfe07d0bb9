import { option } from './options.ts';
import type { CommandSpec } from './spec.ts';

const load = () => import('../actions/backups.ts');

const backup: CommandSpec = {
  usage: 'backup',
  summary: 'Archives of control planes',
  examples: [['marina backup create blue --wait', 'one archive, now']],
  commands: [
    {
      usage: 'create <control-plane>',
      summary: 'Save a control plane now, or by a schedule',
      examples: [
        ['marina backup create blue --wait', 'one archive, now'],
        [
          'marina backup create blue --schedule "0 3 * * *" --time-zone Europe/Berlin --keep 14',
          'every night',
        ],
      ],
      options: [
        option('--name <name>', 'of the backup; left out: one is made'),
        option('--storage <name>', 'BackupStorage; left out: default'),
        option('--schedule <cron>', 'minute, hour, day, month, day of the week'),
        option('--time-zone <zone>', 'of the schedule, e.g. Europe/Berlin'),
        option('--keep <count>', 'archives that are kept'),
        option('--wait', 'wait until it is there'),
      ],
      load: async () => (await load()).create,
    },
    {
      usage: 'list [control-plane]',
      aliases: ['ls'],
      summary: 'List backups',
      examples: [['marina backup list blue', 'of one control plane']],
      options: [option('-A, --all-namespaces', 'of all namespaces')],
      load: async () => (await load()).list,
    },
    {
      usage: 'delete <name...>',
      summary: 'Delete backups; their deletion policy says what becomes of the archives',
      examples: [['marina backup delete blue-20261122080000', '']],
      load: async () => (await load()).remove,
    },
  ],
};

const restore: CommandSpec = {
  usage: 'restore <control-plane>',
  summary: 'Bring back what is in an archive',
  description:
    'The control plane stops meanwhile, or is made if it is not there. With --clone another cluster of the same contents is made.',
  examples: [
    ['marina restore blue --backup blue-20261122080000 --wait', 'from the newest archive of a backup'],
    ['marina restore green --backup blue --clone', 'a copy'],
  ],
  options: [
    option('--backup <name>', 'backup that has the archive'),
    option('--archive <name>', 'which of its archives; left out: the newest'),
    option('--storage <name>', 'BackupStorage of an archive whose backup is gone'),
    option('--key <key>', 'where that archive is'),
    option('--clone', 'make another cluster, with keys of its own'),
    option('--data-store <name>', 'DataStore of a control plane that is made'),
    option('--name <name>', 'of the restore; left out: one is made'),
    option('--wait', 'wait until the contents are in place'),
  ],
  load: async () => (await load()).restore,
};

export const backupCommands: readonly CommandSpec[] = [backup, restore];
