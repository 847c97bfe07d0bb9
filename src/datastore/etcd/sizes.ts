import { setTimeout as delay } from 'node:timers/promises';
import type { Etcd3, IKeyValue } from 'etcd3';
import type { MeasureOptions, PartitionSize } from '../driver.ts';
import { unlessTooLarge } from './contents.ts';
import { etcdPartition, type EtcdPartition } from './partition.ts';
import type { EtcdSession } from './session.ts';

/** Keys that are read of a kind of object; more are reckoned with to be of their average size. */
const sampleSize = 100;
/** Share of the time in which the store is asked at all. */
const dutyShare = 0.2;

/** Of what etcd lists in the order of its keys: `/<id>/<kind>/...`. */
type Page = Pick<IKeyValue, 'key' | 'value'>[];

/**
 * What partitions take, largest first (docs/decisions/0012). Every kind of object of a tenant has a size of its own, so a page of each
 * kind is read and the rest of that kind is counted, which etcd does from its index: the cost follows from the number of kinds, not of objects.
 */
export async function largestPartitions(
  session: EtcdSession,
  count: number,
  signal?: AbortSignal,
): Promise<readonly PartitionSize[]> {
  const { roles } = await session.call('list roles', ({ auth }) => auth.roleList());
  const sizes: PartitionSize[] = [];
  for (const partition of roles.flatMap(toPartition)) {
    signal?.throwIfAborted();
    sizes.push(await measurePartition(session, partition, { signal }));
  }
  return sizes
    .toSorted((one, other) => other.bytes - one.bytes || (one.id < other.id ? -1 : 1))
    .slice(0, count);
}

/** Roles that are no partition's, root among them, name none. */
function toPartition(role: string): readonly EtcdPartition[] {
  try {
    return [etcdPartition(role)];
  } catch {
    return [];
  }
}

/** What one of them takes: keys counted, octets reckoned from samples, or all of them read, at the same pace. */
export async function measurePartition(
  session: EtcdSession,
  partition: EtcdPartition,
  { signal, isExact = false }: MeasureOptions = {},
): Promise<PartitionSize> {
  const sampler = new Sampler(session, partition, signal);
  const { id, prefix, end } = partition;
  let [bytes, keys] = [0, 0];
  for (let from: Buffer = Buffer.from(prefix); ;) {
    const { kvs, more } = await sampler.page(from, Buffer.from(end));
    const last = kvs.at(-1);
    const kind = last && kindOf(last.key, prefix.length);
    if (isExact) {
      bytes += sizeOf(kvs);
      keys += kvs.length;
      if (!more || !last) return { id, bytes, keys };
      from = after(last.key);
      continue;
    }
    const rest = more && kind ? kvs.findIndex(({ key }) => key.compare(kind.start) >= 0) : kvs.length;
    // A kind that has only begun is read from its beginning, for a sample that is worth something.
    const whole = rest > 0 ? kvs.slice(0, rest) : kvs;
    bytes += sizeOf(whole);
    keys += whole.length;
    if (!more || !last || !kind) return { id, bytes: Math.round(bytes), keys };
    from = kind.start;
    if (rest > 0) continue;
    const left = await sampler.count(after(last.key), kind.end);
    bytes += (left * sizeOf(kvs)) / kvs.length;
    keys += left;
    from = kind.end;
  }
}

class Sampler {
  readonly #partition: EtcdPartition;
  readonly #session: EtcdSession;
  readonly #signal: AbortSignal | undefined;
  #limit = sampleSize;

  constructor(session: EtcdSession, partition: EtcdPartition, signal: AbortSignal | undefined) {
    this.#session = session;
    this.#partition = partition;
    this.#signal = signal;
  }

  async page(key: Buffer, range_end: Buffer): Promise<{ readonly kvs: Page; readonly more: boolean }> {
    for (;;) {
      const request = { key, range_end, limit: this.#limit, serializable: true };
      const answer = await this.#paced((client) => unlessTooLarge(client.kv.range(request)));
      if (answer) {
        this.#limit = Math.min(sampleSize, this.#limit * 2);
        return answer;
      }
      this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    }
  }

  async count(key: Buffer, range_end: Buffer): Promise<number> {
    const request = { key, range_end, count_only: true, serializable: true };
    const { count } = await this.#paced((client) => client.kv.range(request));
    return Number(count);
  }

  async #paced<T>(run: (client: Etcd3) => Promise<T>): Promise<T> {
    const started = performance.now();
    const answer = await this.#session.call(`measure ${this.#partition.id}`, run);
    const tookMs = performance.now() - started;
    await delay((tookMs * (1 - dutyShare)) / dutyShare, undefined, { signal: this.#signal });
    return answer;
  }
}

function sizeOf(kvs: Page): number {
  let bytes = 0;
  for (const { key, value } of kvs) bytes += key.length + value.length;
  return bytes;
}

/** The keys that share the segment behind the prefix; the key alone where there is none. */
function kindOf(key: Buffer, prefixLength: number): { readonly start: Buffer; readonly end: Buffer } {
  const slash = key.indexOf('/', prefixLength);
  if (slash < 0) return { start: key, end: after(key) };
  const name = key.subarray(0, slash);
  // `0` follows `/`.
  return { start: Buffer.concat([name, Buffer.from('/')]), end: Buffer.concat([name, Buffer.from('0')]) };
}

function after(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}
