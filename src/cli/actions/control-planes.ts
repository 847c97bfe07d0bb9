import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { ControlPlane } from '../backend.ts';
import type { Context } from '../context.ts';
import { CliError } from '../failure.ts';
import { conditionsOf, isReady } from '../health.ts';
import { isForPeople, renderList, renderOne } from '../output/format.ts';
import { type Column, renderFacts, renderTable } from '../output/table.ts';
import { controlPlanes } from '../views.ts';
import { waitFor } from '../wait.ts';
import { type ControlPlaneFlags, readControlPlane } from '../wish/control-plane.ts';
import { tell } from './tell.ts';

export interface CreateFlags extends ControlPlaneFlags {
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

export async function create(context: Context, [name]: readonly string[], flags: CreateFlags): Promise<void> {
  const file = flags.file === undefined ? undefined : await readYaml(flags.file, context);
  const { wish, namespace: ofFile } = readControlPlane(name, file, flags);
  const namespace = context.flags.namespace ?? ofFile ?? (await context.namespace());
  const backend = await context.backend();
  const dryRun = flags.dryRun === true;
  const made = await backend.create('controlplanes', namespace, wish, { dryRun });
  const ref = { namespace, name: made.name };
  const view = controlPlanes(context.now());
  if (flags.wait !== true || dryRun)
    return tell(context, made, view, dryRun ? 'would be created' : 'created');
  context.terminal.progress(`controlplane/${made.name} created`);
  const ready = await waitFor(backend, { kind: 'controlplanes', ref, until: 'Ready' }, context);
  tell(context, ready ?? made, view, 'is Ready');
}

async function readYaml(file: string, { readStdin }: Context): Promise<unknown> {
  const text = file === '-' ? await readStdin() : await readText(file);
  try {
    return parse(text) as unknown;
  } catch (cause: unknown) {
    const where = file === '-' ? 'The standard input' : file;
    throw new CliError('usage', `${where} is no YAML: ${(cause as Error).message}`, { cause });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause: unknown) {
    throw new CliError('usage', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

export interface ListFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
}

export async function list(context: Context, _: readonly string[], flags: ListFlags): Promise<void> {
  const isWhole = flags.allNamespaces === true;
  const namespace = isWhole ? undefined : await context.namespace();
  const backend = await context.backend();
  const items = await backend.list('controlplanes', { namespace, labelSelector: flags.selector });
  if (items.length === 0 && isForPeople(context.format))
    context.terminal.err(`No control planes${isWhole ? '' : ` in namespace ${namespace}`}.`);
  context.terminal.out(renderList(items, controlPlanes(context.now(), isWhole), context.format));
}

export async function get(context: Context, [name = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const found = await (await context.backend()).get('controlplanes', ref);
  const { terminal, format, now } = context;
  if (format !== 'table') return terminal.out(renderOne(found, controlPlanes(now()), format));
  terminal.out(describe(found));
}

interface Row {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const conditionColumns: readonly Column<Row>[] = [
  { title: 'condition', of: ({ type }) => type },
  { title: 'status', of: ({ status }) => status },
  { title: 'reason', of: ({ reason }) => reason },
  { title: 'message', of: ({ message }) => message },
];

function describe(item: ControlPlane): string {
  const { spec, status } = item;
  const facts = renderFacts([
    ['Name', item.name],
    ['Namespace', item.namespace],
    ['Created', item.createdAt],
    ['Deleted', item.deletedAt],
    ['Ready', isReady(item)],
    ['Phase', status.phase],
    ['Version', status.version],
    ['Endpoint', status.controlPlaneEndpoint],
    ['Class', spec['className'] as string | undefined],
    ['Size', spec['size'] as string | undefined],
    ['Data store', status.dataStore],
    ['Replicas', `${status.readyReplicas ?? 0} of ${status.replicas ?? 0} ready`],
    ['Expires', status.expiresAt],
  ]);
  const conditions = conditionsOf(item);
  return conditions.length === 0 ? facts : `${facts}\n\n${renderTable(conditions, conditionColumns)}`;
}

export async function remove(
  context: Context,
  names: readonly string[],
  { wait }: { readonly wait?: boolean },
): Promise<void> {
  const namespace = await context.namespace();
  const backend = await context.backend();
  const view = controlPlanes(context.now());
  for (const name of names) {
    const left = await backend.delete('controlplanes', { namespace, name });
    if (wait !== true) tell(context, left, view, 'is being deleted');
  }
  if (wait !== true) return;
  for (const name of names) {
    await waitFor(backend, { kind: 'controlplanes', ref: { namespace, name }, until: 'Gone' }, context);
    context.terminal.out(`controlplane/${name} deleted`);
  }
}
