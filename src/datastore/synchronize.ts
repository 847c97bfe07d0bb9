import { batchesOf, isLasting } from './contents.ts';
import type { ContentsSnapshot, Entry, PartitionContents, WriteOptions } from './driver.ts';

/** What is written at once. */
const batch = { count: 500, bytes: 1024 * 1024 };

export interface Synchronized {
  readonly written: number;
  readonly removed: number;
}

export interface SynchronizeOptions extends WriteOptions {
  readonly signal?: AbortSignal;
}

/**
 * Makes a partition hold what a snapshot of another shows, in memory of a constant size: both are read side by side in the order of their keys, and
 * only what differs is written. So it can be begun again at any time, and each time that it is there is less to do.
 */
export async function synchronize(
  source: ContentsSnapshot,
  target: PartitionContents,
  { fence, signal }: SynchronizeOptions = {},
): Promise<Synchronized> {
  let written = 0;
  let removed = 0;
  await using before = await target.snapshot();
  const pending = { put: [] as Entry[], remove: [] as string[], bytes: 0 };
  const flush = async () => {
    const put = pending.put.map((entry) => ({ entry, bytes: entry.value.length }));
    for (const some of batchesOf(put, batch))
      await target.put(
        some.map(({ entry }) => entry),
        { fence },
      );
    if (pending.remove.length > 0) await target.remove(pending.remove, { fence });
    written += pending.put.length;
    removed += pending.remove.length;
    Object.assign(pending, { put: [], remove: [], bytes: 0 });
  };
  for await (const { wanted, found } of sideBySide(source, before)) {
    signal?.throwIfAborted();
    if (!wanted && found) pending.remove.push(found.key);
    if (wanted && !(found && isSame(wanted, found))) {
      pending.put.push(wanted);
      pending.bytes += wanted.value.length;
    }
    if (pending.bytes >= batch.bytes || pending.put.length + pending.remove.length >= batch.count)
      await flush();
  }
  await flush();
  return { written, removed };
}

function isSame(wanted: Entry, found: Entry): boolean {
  return isLasting(wanted) === isLasting(found) && wanted.value.equals(found.value);
}

interface Pair {
  readonly wanted: Entry | undefined;
  readonly found: Entry | undefined;
}

async function* sideBySide(source: ContentsSnapshot, target: ContentsSnapshot): AsyncGenerator<Pair> {
  const [left, right] = [entriesOf(source), entriesOf(target)];
  let [wanted, found] = [await nextOf(left), await nextOf(right)];
  while (wanted || found) {
    const order = compare(wanted, found);
    yield { wanted: order <= 0 ? wanted : undefined, found: order >= 0 ? found : undefined };
    if (order <= 0) wanted = await nextOf(left);
    if (order >= 0) found = await nextOf(right);
  }
}

/** As stores order keys, octet by octet; the end comes after everything. */
function compare(one: Entry | undefined, other: Entry | undefined): number {
  if (!one || !other) return one ? -1 : 1;
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}

async function* entriesOf(snapshot: ContentsSnapshot): AsyncGenerator<Entry> {
  for await (const page of snapshot.pages()) yield* page;
}

async function nextOf(entries: AsyncGenerator<Entry>): Promise<Entry | undefined> {
  const next = await entries.next();
  return next.done ? undefined : next.value;
}
