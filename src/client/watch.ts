import { readEvents } from './event-stream.ts';

/** One change of what is watched; `Reset`: what was seen is too old to go on from, and everything comes again. */
export type Change<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  /** Everything that there was has been told. */
  | { readonly type: 'bookmark' }
  | { readonly type: 'reset' };

/** Opens the stream, going on after the event of this id; undefined: from the beginning. */
export type OpenStream = (lastId: string | undefined) => Promise<AsyncIterable<Uint8Array>>;

/**
 * Changes for as long as `signal` lets them: a stream that ends or breaks is opened again, after `pause`. Rejects when it cannot be opened.
 */
export async function* watch<T>(
  open: OpenStream,
  pause: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Change<T>> {
  const isOver = () => signal.aborted;
  let lastId: string | undefined;
  while (!isOver()) {
    const stream = await open(lastId);
    try {
      for await (const { event, id, data } of readEvents(stream)) {
        lastId = id || undefined;
        yield read<T>(event, data);
      }
    } catch (error: unknown) {
      if (isOver()) return;
      if (!isBroken(error)) throw error;
    }
    if (!isOver()) await pause();
  }
}

function read<T>(event: string, data: string): Change<T> {
  if (event === 'bookmark' || event === 'reset') return { type: event };
  return { type: event as 'added' | 'modified' | 'deleted', object: JSON.parse(data) as T };
}

/** `fetch` tells of a body that broke off with a TypeError. */
function isBroken(error: unknown): boolean {
  return (error as { readonly name?: string }).name === 'TypeError';
}
