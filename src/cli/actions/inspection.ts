import type { Finding, LogRequest } from '../backend.ts';
import type { Context } from '../context.ts';
import { CliError } from '../failure.ts';
import { isForPeople, renderList } from '../output/format.ts';
import { printable } from '../output/table.ts';
import type { Target } from '../settings/target.ts';
import { events as eventsView, usage as usageView } from '../views.ts';

/** That the server gives of one pod. */
const mostLines = 5_000;

export interface LogFlags {
  readonly component: LogRequest['component'];
  readonly tail: string;
}

export async function logs(context: Context, [name = '']: readonly string[], flags: LogFlags): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(flags.tail) || Number(flags.tail) > mostLines)
    throw new CliError('usage', '--tail has to be a number from 1 to 5000.');
  const ref = { namespace: await context.namespace(), name };
  const request = { component: flags.component, lines: Number(flags.tail) };
  context.terminal.out((await (await context.backend()).logs(ref, request)).trimEnd());
}

export async function events(context: Context, [name = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const items = await (await context.backend()).events(ref);
  if (items.length === 0 && isForPeople(context.format))
    context.terminal.err(`No events of control plane ${name}.`);
  context.terminal.out(renderList(items, eventsView(context.now()), context.format));
}

export interface UsageFlags {
  readonly allNamespaces?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly granularity: 'hour' | 'day' | 'total';
}

export async function usage(context: Context, [name]: readonly string[], flags: UsageFlags): Promise<void> {
  const isWhole = flags.allNamespaces === true;
  if (isWhole && name !== undefined)
    throw new CliError('usage', 'A control plane is of one namespace: leave --all-namespaces out.');
  const { from, to, granularity } = flags;
  const namespace = isWhole ? undefined : await context.namespace();
  const items = await (await context.backend()).usage({ namespace, name, from, to, granularity });
  if (items.length === 0 && isForPeople(context.format)) context.terminal.err('No usage in that time.');
  context.terminal.out(renderList(items, usageView, context.format));
}

const marks: Readonly<Record<Finding['result'], string>> = {
  ok: 'ok',
  warning: 'warning',
  failed: 'FAILED',
  skipped: '-',
};

/** Step by step, as it is found out; fails when something failed. */
export async function doctor(context: Context, [name]: readonly string[]): Promise<void> {
  const { terminal, format } = context;
  const namespace = await context.namespace();
  const backend = await context.backend();
  const asked = `control plane ${namespace}/${name}`;
  const findings: Finding[] = [];
  const note = (finding: Finding) => {
    if (name !== undefined && finding.check.startsWith('control plane ') && finding.check !== asked) return;
    findings.push(finding);
    if (isForPeople(format)) terminal.out(findingText(finding));
  };
  note(aboutSettings(await context.target(), namespace));
  for await (const finding of backend.examine(namespace)) note(finding);
  if (!isForPeople(format)) terminal.out(renderList(findings, view, format));
  const failed = findings.filter(({ result }) => result === 'failed').length;
  if (failed > 0) throw new CliError('failed', `${failed} of ${findings.length} checks failed.`);
  // One that is not there has told nothing of itself.
  if (name !== undefined) await backend.get('controlplanes', { namespace, name });
}

function aboutSettings(target: Target, namespace: string): Finding {
  const where = target.way === 'rest' ? target.server : 'straight to the cluster';
  return {
    check: 'settings',
    result: 'ok',
    message: `from ${target.origin}: ${where}, namespace ${namespace}`,
  };
}

const view = { noun: 'check', nameOf: ({ check }: Finding) => check, columns: [] };

function findingText({ check, result, message, advice }: Finding): string {
  const line = `${marks[result].padEnd(7)}  ${check}: ${printable(message)}`;
  return advice === undefined ? line : `${line}\n${' '.repeat(9)}${printable(advice)}`;
}
