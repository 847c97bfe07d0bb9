import type { Schemas } from '../../client/client.ts';
import type { Context } from '../context.ts';
import { CliError } from '../failure.ts';
import { isForPeople, renderList } from '../output/format.ts';
import { backups, restores } from '../views.ts';
import { waitFor } from '../wait.ts';
import { tell } from './tell.ts';

export interface BackupFlags {
  readonly name?: string;
  readonly storage?: string;
  readonly schedule?: string;
  readonly timeZone?: string;
  readonly keep?: string;
  readonly wait?: boolean;
}

export async function create(
  context: Context,
  [of = '']: readonly string[],
  flags: BackupFlags,
): Promise<void> {
  const namespace = await context.namespace();
  const backend = await context.backend();
  const name = flags.name ?? (flags.schedule === undefined ? stamped(of, context.now()) : of);
  const spec = {
    tenantControlPlane: of,
    ...(flags.storage !== undefined && { storage: flags.storage }),
    ...(flags.schedule !== undefined && {
      schedule: { cron: flags.schedule, ...(flags.timeZone !== undefined && { timeZone: flags.timeZone }) },
    }),
    ...(flags.keep !== undefined && { retention: { count: count(flags.keep) } }),
  } satisfies Schemas['BackupSpec'];
  const made = await backend.create('backups', namespace, { name, spec });
  const view = backups(context.now());
  if (flags.wait !== true) return tell(context, made, view, 'created');
  const ready = await waitFor(
    backend,
    { kind: 'backups', ref: { namespace, name }, until: 'Ready' },
    context,
  );
  tell(context, ready ?? made, view, 'is complete');
}

export async function list(
  context: Context,
  [of]: readonly string[],
  { allNamespaces }: { readonly allNamespaces?: boolean },
): Promise<void> {
  const isWhole = allNamespaces === true;
  const namespace = isWhole ? undefined : await context.namespace();
  const all = await (await context.backend()).list('backups', { namespace });
  const items = all.filter(({ spec }) => of === undefined || spec['tenantControlPlane'] === of);
  if (items.length === 0 && isForPeople(context.format)) context.terminal.err('No backups.');
  context.terminal.out(renderList(items, backups(context.now(), isWhole), context.format));
}

export async function remove(context: Context, names: readonly string[]): Promise<void> {
  const namespace = await context.namespace();
  const backend = await context.backend();
  for (const name of names) {
    const left = await backend.delete('backups', { namespace, name });
    tell(context, left, backups(context.now()), 'is being deleted');
  }
}

export interface RestoreFlags {
  readonly backup?: string;
  readonly archive?: string;
  readonly storage?: string;
  readonly key?: string;
  readonly clone?: boolean;
  readonly dataStore?: string;
  readonly name?: string;
  readonly wait?: boolean;
}

export async function restore(
  context: Context,
  [of = '']: readonly string[],
  flags: RestoreFlags,
): Promise<void> {
  const namespace = await context.namespace();
  const backend = await context.backend();
  const name = flags.name ?? stamped(of, context.now());
  const spec = {
    tenantControlPlane: of,
    source: sourceOf(flags),
    ...(flags.clone === true && { mode: 'Clone' as const }),
    ...(flags.dataStore !== undefined && { dataStore: flags.dataStore }),
  } satisfies Schemas['RestoreSpec'];
  const made = await backend.create('restores', namespace, { name, spec });
  const view = restores(context.now());
  if (flags.wait !== true) return tell(context, made, view, 'created');
  const ready = await waitFor(
    backend,
    { kind: 'restores', ref: { namespace, name }, until: 'Ready' },
    context,
  );
  tell(context, ready ?? made, view, 'is complete');
}

function sourceOf({ backup, archive, storage, key }: RestoreFlags): Schemas['RestoreSpec']['source'] {
  if (backup !== undefined && storage === undefined && key === undefined)
    return { backup, ...(archive !== undefined && { archive }) };
  if (backup === undefined && archive === undefined && storage !== undefined && key !== undefined)
    return { storage, key };
  throw new CliError('usage', 'It is not clear which archive is to be restored.', {
    advice: 'Give --backup, with --archive for one that is not the newest; or --storage and --key.',
  });
}

/** e.g. `blue-20261122080000`, within what a name may have. */
function stamped(name: string, now: Date): string {
  return `${name.slice(0, 40)}-${now.toISOString().replace(/\D/g, '').slice(0, 14)}`;
}

function count(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new CliError('usage', `--keep has to be a number, and is ${text}.`);
}
