import type { Etcd3 } from 'etcd3';
import type { CompactionOptions, CompactionResult, WriteOptions } from '../driver.ts';
import { says } from './errors.ts';
import { compactionKey } from './partition.ts';
import type { EtcdSession } from './session.ts';

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

  constructor(session: EtcdSession) {
    this.#session = session;
  }

  async compact({ fence, minimumIntervalMs = 45_000 }: CompactionOptions = {}): Promise<CompactionResult> {
    const now = performance.now();
    if (now - this.#turnedAt < minimumIntervalMs) return { compacted: false, reason: 'NothingToDo' };
    const key = Buffer.from(compactionKey);
    const revision = this.#revision;
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

  async #compactTo(revision: string, fence: WriteOptions['fence']): Promise<CompactionResult> {
    const run = async (client: Etcd3) => {
      try {
        await client.kv.compact({ revision });
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
