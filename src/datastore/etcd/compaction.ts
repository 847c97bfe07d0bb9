import type { Etcd3 } from 'etcd3';
import type { CompactionOptions, CompactionResult, WriteOptions } from '../driver.ts';
import { says } from './errors.ts';
import { compactionKey } from './partition.ts';
import type { EtcdSession } from './session.ts';

/** Milliseconds: whoever reads for longer than this reads too slowly for what its neighbours pay for the history. */
const longestHoldMs = 10 * 60_000;

interface Hold {
  readonly revision: string;
  /** Of the monotonic clock. */
  readonly untilMs: number;
}

/**
 * The protocol of kube-apiserver's own compactor (k8s.io/apiserver/pkg/storage/etcd3/compact.go), so that tenants' apiservers
 * understand what they read and any number of compactors can run: the version of `compact_rev_key` is a logical clock, whoever
 * advances it from the value it knows writes the revision it saw at its last turn there and compacts up to that; the others learn
 * the new value and wait for their next turn. History is thus kept for at least one interval.
 */
export class EtcdCompactor {
  readonly #session: EtcdSession;
  #version = '0';
  #revision = '0';
  /** Of the last call, by the monotonic clock. */
  #turnedAt = Number.NEGATIVE_INFINITY;
  readonly #holds = new Set<Hold>();

  constructor(session: EtcdSession) {
    this.#session = session;
  }

  /** Keeps what is known at this revision until the function that it returns is called, or for ten minutes at most. */
  hold(revision: string): () => void {
    const hold = { revision, untilMs: performance.now() + longestHoldMs };
    this.#holds.add(hold);
    return () => this.#holds.delete(hold);
  }

  async compact({ fence, minimumIntervalMs = 45_000 }: CompactionOptions = {}): Promise<CompactionResult> {
    const now = performance.now();
    if (now - this.#turnedAt < minimumIntervalMs) return { compacted: false, reason: 'NothingToDo' };
    const key = Buffer.from(compactionKey);
    const revision = this.#upToHolds(this.#revision, now);
    const turn = await this.#session.write(
      {
        verb: 'take the turn to compact',
        run: (client) =>
          client.kv.txn({
            compare: [{ key, target: 'Version', result: 'Equal', version: this.#version }],
            success: [{ request_put: { key, value: Buffer.from(revision) } }],
            failure: [{ request_range: { key } }],
          }),
      },
      fence,
    );
    this.#turnedAt = now;
    this.#revision = turn.header.revision;
    if (!turn.succeeded) {
      // No key: someone deleted it, and the clock starts over.
      this.#version = turn.responses[0]?.response_range.kvs[0]?.version ?? '0';
      return { compacted: false, reason: 'Raced' };
    }
    this.#version = (BigInt(this.#version) + 1n).toString();
    if (revision === '0') return { compacted: false, reason: 'NothingToDo' };
    return await this.#compactTo(revision, fence);
  }

  /**
   * All history but what is held: for a store that is full, where the turn cannot be taken. Readers that are behind begin anew. Waits
   * until the member that is asked has given the pages free.
   */
  async compactAll({ fence }: WriteOptions = {}): Promise<CompactionResult> {
    const key = Buffer.from(compactionKey);
    const { header } = await this.#session.call('read revision', (client) =>
      client.kv.range({ key, count_only: true }),
    );
    const revision = this.#upToHolds(header.revision, performance.now());
    return await this.#compactTo(revision, fence, true);
  }

  #upToHolds(revision: string, nowMs: number): string {
    let lowest = revision;
    for (const hold of this.#holds) {
      if (hold.untilMs <= nowMs) this.#holds.delete(hold);
      else if (BigInt(hold.revision) < BigInt(lowest)) lowest = hold.revision;
    }
    return lowest;
  }

  async #compactTo(
    revision: string,
    fence: WriteOptions['fence'],
    physical = false,
  ): Promise<CompactionResult> {
    const run = async (client: Etcd3) => {
      try {
        await client.kv.compact({ revision, physical });
        return false;
      } catch (error) {
        if (says(error, 'mvcc: required revision has been compacted')) return true;
        throw error;
      }
    };
    const compactedAlready = await this.#session.write(
      { verb: 'compact', subject: `to revision ${revision}`, run },
      fence,
    );
    return compactedAlready ? { compacted: false, reason: 'NothingToDo' } : { compacted: true, revision };
  }
}
