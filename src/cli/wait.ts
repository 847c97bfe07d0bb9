import type { Backend, KindName, Kinds, Ref } from './backend.ts';
import { formatAge } from './duration.ts';
import { CliError } from './failure.ts';
import { complaints, type Condition, conditionsOf, isReady } from './health.ts';
import { printable } from './output/table.ts';
import type { Terminal } from './terminal.ts';

export interface Waiting {
  readonly terminal: Terminal;
  readonly timeoutMs: number;
  readonly monotonicMs: () => number;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

/** Whether it is done, or can never be. */
type Judge<T> = (object: T | undefined) => 'done' | 'waiting' | CliError;

/** Follows one object until it is what was waited for, and says how it goes. Rejects with a `CliError` `timeout` when the time is over. */
export async function waitFor<K extends KindName>(
  backend: Backend,
  what: { readonly kind: K; readonly ref: Ref; readonly until: 'Ready' | 'Gone' },
  { terminal, timeoutMs, monotonicMs, signal }: Waiting,
): Promise<Kinds[K]['shown'] | undefined> {
  const { kind, ref, until } = what;
  const judge: Judge<Kinds[K]['shown']> = until === 'Gone' ? whenGone : (object) => whenReady(object, ref);
  const started = monotonicMs();
  const over = AbortSignal.timeout(timeoutMs);
  const own = new AbortController();
  let last: Kinds[K]['shown'] | undefined;
  let told = '';
  try {
    for await (const object of backend.follow(kind, ref, AbortSignal.any([over, signal, own.signal]))) {
      const judged = judge(object);
      if (judged === 'done') return object;
      if (judged !== 'waiting') throw judged;
      last = object;
      const news = object === undefined ? '' : progressOf(object);
      if (news === told || news === '') continue;
      told = news;
      terminal.progress(`${formatAge(monotonicMs() - started).padStart(5)}  ${ref.name}: ${news}`);
    }
  } finally {
    own.abort();
  }
  signal.throwIfAborted();
  throw tooLate(what, timeoutMs, last);
}

/** Of a TenantRestore: it is never changed, so that nothing is to be waited for. */
function isFinal(reason: string): boolean {
  return ['RestoreRefused', 'ArchiveDamaged', 'ArchiveSealed', 'ArchiveForeign'].includes(reason);
}

function whenGone(object: unknown): 'done' | 'waiting' {
  return object === undefined ? 'done' : 'waiting';
}

function whenReady(
  object: { readonly status: unknown; readonly deletedAt?: string } | undefined,
  { name }: Ref,
) {
  if (object === undefined) return new CliError('notFound', `${name} is gone.`);
  if (object.deletedAt !== undefined) return new CliError('conflict', `${name} is being deleted.`);
  if (isReady(object)) return 'done';
  const final = conditionsOf(object).find(({ type, reason }) => type === 'Ready' && isFinal(reason));
  if (!final) return 'waiting';
  return new CliError('failed', `${name}: ${final.message || final.reason}`, {
    advice: 'It stays so; docs/runbooks/README.md tells what to do.',
  });
}

/** One line on what it waits for. */
export function progressOf(object: {
  readonly status: unknown;
  readonly deletedAt?: string | undefined;
}): string {
  if (object.deletedAt !== undefined) return 'is being deleted';
  const open = pending(object);
  return open === undefined ? '' : printable(`${open.type}: ${open.message || open.reason}`);
}

/** What stands in the way; Ready says no more than that something does. */
function pending(object: { readonly status: unknown }): Condition | undefined {
  const open = complaints(object);
  const ready = conditionsOf(object).find(({ type, status }) => type === 'Ready' && status !== 'True');
  return open.find(({ type }) => type !== 'Ready') ?? ready;
}

function tooLate(
  { kind, ref, until }: { readonly kind: KindName; readonly ref: Ref; readonly until: 'Ready' | 'Gone' },
  timeoutMs: number,
  last: { readonly status: unknown; readonly deletedAt?: string | undefined } | undefined,
): CliError {
  const state = last === undefined ? '' : `: ${progressOf(last) || 'nothing is known of it yet'}`;
  const wanted = until === 'Gone' ? 'gone' : 'Ready';
  return new CliError('timeout', `${ref.name} was not ${wanted} within ${formatAge(timeoutMs)}${state}`, {
    advice:
      kind === 'controlplanes'
        ? `It goes on by itself; \`marina doctor ${ref.name}\` says more.`
        : 'It goes on by itself; ask again with --timeout for longer.',
  });
}
