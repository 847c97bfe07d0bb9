import type { Etcd3, IKeyValue } from 'etcd3';
import { batchesOf } from '../contents.ts';
import type { ContentsSnapshot, Entry, PartitionContents, WriteOptions } from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import type { EtcdCompactor } from './compaction.ts';
import type { EtcdPartition } from './partition.ts';
import type { EtcdSession } from './session.ts';

/** Keys asked for at once; fewer when they do not fit into an answer, which gRPC limits to 4 MiB. */
const pageSize = 500;
/** Keys deleted in one step: a larger step would hold up every tenant's writes while etcd applies it. */
const deletionPage = 500;
/** What etcd takes in one transaction by default: 128 operations, 1.5 MiB. */
const transaction = { count: 100, bytes: 1024 * 1024 };
/** Seconds by which lives may be longer than they were, so that many keys share a lease, and how many do. */
const ttlStep = 30;
const keysPerLease = 1000;
/** Milliseconds after which a lease takes no more keys: it would end before they should. */
const leaseReuseMs = 5_000;
/** Writes that do nothing but count, and how many of them are under way at once. */
const advanceLimit = 250_000n;
const advanceWidth = 32;

/** Of the store and of no partition: counts up the store's revision. */
export const revisionKey = '/marina/revision';

/** The keys below a partition's prefix. */
export class EtcdContents implements PartitionContents {
  readonly #session: EtcdSession;
  readonly #compactor: EtcdCompactor;
  readonly #partition: EtcdPartition;
  /** Leases that can take more keys, by seconds to live. */
  readonly #leases = new Map<number, { readonly id: string; readonly untilMs: number; left: number }>();

  constructor(session: EtcdSession, compactor: EtcdCompactor, partition: EtcdPartition) {
    this.#session = session;
    this.#compactor = compactor;
    this.#partition = partition;
  }

  async count(): Promise<number> {
    const { count } = await this.#look();
    return Number(count);
  }

  async snapshot(): Promise<ContentsSnapshot> {
    const { header } = await this.#look();
    const release = this.#compactor.hold(header.revision);
    return {
      revision: header.revision,
      pages: () => this.#pages(header.revision),
      [Symbol.asyncDispose]: async () => release(),
    };
  }

  async put(entries: readonly Entry[], { fence }: WriteOptions = {}): Promise<void> {
    const { id, prefix } = this.#partition;
    const sized = entries.map((entry) => ({ entry, bytes: entry.key.length + entry.value.length }));
    for (const batch of batchesOf(sized, transaction)) {
      const success: object[] = [];
      for (const { entry } of batch) {
        const lease = await this.#leaseFor(entry, fence);
        const key = Buffer.from(prefix + entry.key);
        success.push({ request_put: { key, value: entry.value, ...(lease && { lease }) } });
      }
      const run = (client: Etcd3) => client.kv.txn({ compare: [], success });
      await this.#session.write({ verb: 'put keys', subject: `of ${id}`, run }, fence);
    }
  }

  async remove(keys: readonly string[], { fence }: WriteOptions = {}): Promise<void> {
    const { id, prefix } = this.#partition;
    const sized = keys.map((key) => ({ key, bytes: key.length }));
    for (const batch of batchesOf(sized, transaction)) {
      const success = batch.map(({ key }) => ({ request_delete_range: { key: Buffer.from(prefix + key) } }));
      const run = (client: Etcd3) => client.kv.txn({ compare: [], success });
      await this.#session.write({ verb: 'delete keys', subject: `of ${id}`, run }, fence);
    }
  }

  async clear({ fence }: WriteOptions = {}): Promise<void> {
    while (await this.#deletePage(fence));
  }

  async advance(revision: string, { fence }: WriteOptions = {}): Promise<void> {
    const { header } = await this.#look();
    const gap = BigInt(revision) - BigInt(header.revision);
    if (gap > advanceLimit) {
      throw new DataStoreError(
        'Unsupported',
        `etcd: advance to revision ${revision}`,
        `the store is at ${header.revision}, more than ${advanceLimit} behind: use a store that has seen more writes, or Postgres`,
      );
    }
    for (let left = gap; left > 0n; left -= BigInt(advanceWidth)) {
      const run = (client: Etcd3) =>
        Promise.all(
          Array.from({ length: advanceWidth }, () =>
            client.kv.put({ key: Buffer.from(revisionKey), value: Buffer.from(revision) }),
          ),
        );
      await this.#session.write({ verb: 'advance revision', subject: `to ${revision}`, run }, fence);
    }
  }

  async #look() {
    const { id, prefix, end } = this.#partition;
    return await this.#session.call(`count keys of ${id}`, (client) =>
      client.kv.range({ key: Buffer.from(prefix), range_end: Buffer.from(end), count_only: true }),
    );
  }

  async *#pages(revision: string): AsyncGenerator<readonly Entry[]> {
    const { id, prefix, end } = this.#partition;
    const lives = new Map<string, Promise<number | undefined>>();
    let from = Buffer.from(prefix);
    for (let limit = pageSize; ;) {
      const request = { key: from, range_end: Buffer.from(end), revision, limit };
      const page = await this.#session.call(`read keys of ${id}`, (client) =>
        unlessTooLarge(client.kv.range(request)),
      );
      if (!page) {
        limit = Math.max(1, Math.floor(limit / 2));
        continue;
      }
      yield await Promise.all(page.kvs.map((found) => this.#toEntry(found, lives)));
      const last = page.kvs.at(-1);
      if (!page.more || !last) return;
      from = Buffer.concat([last.key, Buffer.of(0)]);
      limit = Math.min(pageSize, limit * 2);
    }
  }

  async #toEntry(
    { key, value, lease }: IKeyValue,
    lives: Map<string, Promise<number | undefined>>,
  ): Promise<Entry> {
    const name = key.subarray(this.#partition.prefix.length).toString();
    if (!key.equals(Buffer.from(this.#partition.prefix + name))) {
      const operation = `etcd: read keys of ${this.#partition.id}`;
      throw new DataStoreError('Unsupported', operation, `key ${key.toString('hex')} is not UTF-8`);
    }
    if (lease === '0') return { key: name, value };
    const life = lives.get(lease) ?? this.#secondsLeft(lease);
    lives.set(lease, life);
    const ttlSeconds = await life;
    return { key: name, value, ...(ttlSeconds !== undefined && { ttlSeconds }) };
  }

  async #secondsLeft(lease: string): Promise<number> {
    const { TTL } = await this.#session.call(`look at lease ${lease}`, (client) =>
      client.leaseClient.leaseTimeToLive({ ID: lease, keys: false }),
    );
    return Math.max(1, Number(TTL));
  }

  async #leaseFor({ ttlSeconds }: Entry, fence: WriteOptions['fence']): Promise<string | undefined> {
    if (ttlSeconds === undefined) return undefined;
    const ttl = Math.ceil(ttlSeconds / ttlStep) * ttlStep;
    const open = this.#leases.get(ttl);
    if (open && open.left > 0 && performance.now() < open.untilMs) {
      open.left -= 1;
      return open.id;
    }
    const run = (client: Etcd3) => client.leaseClient.leaseGrant({ TTL: ttl, ID: 0 });
    const { ID: id } = await this.#session.write({ verb: 'grant lease', subject: `of ${ttl} s`, run }, fence);
    this.#leases.set(ttl, { id, left: keysPerLease - 1, untilMs: performance.now() + leaseReuseMs });
    return id;
  }

  /** Whether there is more. */
  async #deletePage(fence: WriteOptions['fence']): Promise<boolean> {
    const { id, prefix, end } = this.#partition;
    const key = Buffer.from(prefix);
    const page = await this.#session.call(`list keys of ${id}`, (client) =>
      client.kv.range({ key, range_end: Buffer.from(end), keys_only: true, limit: deletionPage + 1 }),
    );
    if (page.kvs.length === 0) return false;
    const next = page.kvs[deletionPage]?.key;
    const request = { key, range_end: next ?? Buffer.from(end) };
    // A transaction, so that it can be made to depend on who is leader.
    const run = (client: Etcd3) =>
      client.kv.txn({ compare: [], success: [{ request_delete_range: request }] });
    await this.#session.write({ verb: 'delete keys', subject: `of ${id}`, run }, fence);
    return next !== undefined;
  }
}

/** The answer, or undefined when it is larger than gRPC takes. */
export async function unlessTooLarge<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error: unknown) {
    if (error instanceof Error && error.message.includes('Received message larger than max'))
      return undefined;
    throw error;
  }
}
