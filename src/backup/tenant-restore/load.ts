import { ContentsDigester, digestOf, isLasting } from '../../datastore/contents.ts';
import type { Entry, PartitionContents } from '../../datastore/driver.ts';
import { DataStoreError } from '../../datastore/errors.ts';
import { ArchiveError } from '../archive/errors.ts';
import type { Rewrite } from '../clone/rewrite.ts';

export interface LoadOptions {
  readonly rewrite?: Rewrite;
  /** Every write is to have a revision above it. */
  readonly above?: string;
  readonly fence: () => void;
  readonly signal: AbortSignal;
}

export interface Loaded {
  readonly entries: number;
  /** What could not be had, for people. */
  readonly notes: readonly string[];
}

/**
 * Makes the pages that `open` gives all that is in the partition, and compares what is there afterwards with them, octet by octet. Safe to begin again.
 * @throws DataStoreError, and what the pages throw
 */
export async function load(
  contents: PartitionContents,
  open: () => Promise<AsyncIterable<readonly Entry[]>>,
  { rewrite = (entry) => entry, above, fence, signal }: LoadOptions,
): Promise<Loaded> {
  await contents.clear({ fence });
  const notes = above === undefined ? [] : await advance(contents, above, fence);
  const digester = new ContentsDigester();
  let entries = 0;
  for await (const page of await open()) {
    signal.throwIfAborted();
    const wanted = page.flatMap((entry) => rewriteOne(entry, rewrite) ?? []);
    await contents.put(wanted, { fence });
    entries += wanted.length;
    for (const entry of wanted) if (isLasting(entry)) digester.add(entry);
  }
  await using snapshot = await contents.snapshot();
  const found = await digestOf(snapshot, isLasting);
  const wanted = digester.digest();
  if (found.sha256 === wanted.sha256) return { entries, notes };
  const message = `${wanted.entries} keys were written and ${found.entries} are there, or other ones: does something else write there?`;
  throw new DataStoreError('Internal', 'compare what was restored', message);
}

function rewriteOne(entry: Entry, rewrite: Rewrite): Entry | undefined {
  try {
    return rewrite(entry);
  } catch (cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ArchiveError('Damaged', `${entry.key} cannot be made the clone's: ${why}`, { cause });
  }
}

/** The contents matter more: without it, clients have to be told to read everything anew. */
async function advance(
  contents: PartitionContents,
  above: string,
  fence: () => void,
): Promise<readonly string[]> {
  try {
    await contents.advance(above, { fence });
    return [];
  } catch (error: unknown) {
    if (!(error instanceof DataStoreError) || error.code !== 'Unsupported') throw error;
    return [
      `Restart kubelets and controllers of the cluster, which may wait for revisions after ${above}: ${error.message}`,
    ];
  }
}
