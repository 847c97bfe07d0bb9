import { option } from './options.ts';
import type { CommandSpec } from './spec.ts';

const load = () => import('../actions/settings.ts');

const login: CommandSpec = {
  usage: 'login [server]',
  summary: 'Remember where Marina is and who you are',
  description:
    'Writes a profile to ~/.config/marina/config.yaml. The token is read from the standard input, unless it is to come from elsewhere; it is kept in a file of its own that only you can read.',
  examples: [
    ['marina login https://marina.example -n team-a', 'asks for the token'],
    [
      'marina login https://marina.example --token-command "kubectl create token ci --audience marina.dev"',
      'a new token each time',
    ],
    ['marina login --kubeconfig ~/.kube/management --name direct', 'straight to the management cluster'],
  ],
  options: [
    option('--name <name>', 'of the profile').default('default'),
    option('--token-command <command>', 'program that prints a token'),
    option('--no-check', 'do not try it first'),
  ],
  load: async () => (await load()).login,
};

const profile: CommandSpec = {
  usage: 'profile',
  summary: 'Places that were remembered',
  examples: [['marina profile use prod', 'go there from now on']],
  commands: [
    {
      usage: 'list',
      aliases: ['ls'],
      summary: 'List them',
      examples: [['marina profile list', '']],
      load: async () => (await load()).listProfiles,
    },
    {
      usage: 'use <name>',
      summary: 'Go there from now on',
      examples: [['marina profile use prod', '']],
      load: async () => (await load()).useProfile,
    },
    {
      usage: 'delete <name>',
      summary: 'Forget one, and its token',
      examples: [['marina profile delete prod', '']],
      load: async () => (await load()).deleteProfile,
    },
  ],
};

export const settingsCommands: readonly CommandSpec[] = [login, profile];
