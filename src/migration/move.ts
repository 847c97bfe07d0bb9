import { type ContentsDigest, digestOf, isLasting } from '../datastore/contents.ts';
import type { ContentsSnapshot, DataStoreDriver } from '../datastore/driver.ts';
import { DataStoreError } from '../datastore/errors.ts';
import { type Synchronized, synchronize } from '../datastore/synchronize.ts';

/** One partition in two stores. */
export interface Move {
  readonly id: string;
  readonly source: DataStoreDriver;
  readonly target: DataStoreDriver;
  readonly fence: () => void;
  readonly signal: AbortSignal;
}

/** Differences that are left for when nothing can be written: copied in a moment. */
const fewEnough = 200;
/** Rounds after which it is begun to stop writes all the same: a tenant that writes faster than it is copied never gets there. */
const rounds = 5;

/**
 * Revisions that the source may give out until its last API server has ended: the counter of a shared etcd goes on with its neighbours' writes, and a
 * client that has seen a revision misses what is written below it.
 */
const headStart = 10_000n;

/** Brings the target up to date while the tenant goes on writing into the source. */
export async function copy(move: Move): Promise<void> {
  const { id, source, target, fence } = move;
  await target.ensurePartition(id, { fence });
  for (let round = 1; round <= rounds; round += 1) {
    await using snapshot = await source.contentsOf(id).snapshot();
    const { written, removed } = await follow(snapshot, move);
    if (written + removed <= fewEnough) return;
  }
}

/**
 * Copies what changed last and compares everything. The source is read-only when it is called.
 * @throws DataStoreError when they are not the same
 */
export async function finish(move: Move): Promise<ContentsDigest> {
  const { id, source, target } = move;
  await using snapshot = await source.contentsOf(id).snapshot();
  await follow(snapshot, move);
  await using copied = await target.contentsOf(id).snapshot();
  const [wanted, found] = await Promise.all([digestOf(snapshot, isLasting), digestOf(copied, isLasting)]);
  if (wanted.sha256 === found.sha256) return found;
  const message = `${wanted.entries} keys are in the one store and ${found.entries} in the other, or other ones`;
  throw new DataStoreError('Internal', 'compare both stores', message);
}

/** Every revision in the target is above those that clients have seen of the source: nothing that they hold looks newer than it is. */
async function follow(
  snapshot: ContentsSnapshot,
  { id, target, fence, signal }: Move,
): Promise<Synchronized> {
  const contents = target.contentsOf(id);
  await contents.advance((BigInt(snapshot.revision) + headStart).toString(), { fence });
  return await synchronize(snapshot, contents, { fence, signal });
}
