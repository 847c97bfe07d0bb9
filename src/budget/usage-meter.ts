import type { DataStoreDriver, PartitionSize } from '../datastore/driver.ts';
import type { Clock } from '../engine/clock.ts';
import type { Amount } from './plan.ts';

/** Milliseconds after which everything is read again, whatever samples say. */
const exactEveryMs = 10 * 60_000;

export interface Subject {
  /** `namespace/name` */
  readonly key: string;
  /** Tells contents apart: those in another store, or from an archive, are others. */
  readonly contents: string;
  readonly partition: string;
}

export interface MeterOptions {
  readonly signal: AbortSignal;
  /** Whether what is measured decides for how long something is refused. */
  readonly isEnforced: boolean;
  /** Whether something would be refused for so much. */
  readonly isTooMuch: (usage: Amount) => boolean;
}

interface Exact extends Amount {
  readonly contents: string;
  readonly atMs: number;
}

/**
 * What tenants take. A sample is cheap and wrong where objects of a kind are of very different sizes, by chance or by intent: it says when to read
 * everything, as the clock does, and nothing is refused or lifted for what it says.
 */
export class UsageMeter {
  private readonly clock: Clock;
  /** By key. */
  private readonly known = new Map<string, Exact>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Rejects with a `DataStoreError`. */
  async measure(subject: Subject, driver: DataStoreDriver, options: MeterOptions): Promise<Amount> {
    const { key, contents, partition } = subject;
    const { signal, isEnforced, isTooMuch } = options;
    const known = this.known.get(key);
    const isFresh = known?.contents === contents && this.clock.monotonicMs() - known.atMs < exactEveryMs;
    if (isFresh && !isEnforced) {
      const sampled = toAmount(await driver.measurePartition(partition, { signal }));
      const estimate = { ...sampled, bytes: scaled(known, sampled) };
      if (!isTooMuch(sampled) && !isTooMuch(estimate)) return estimate;
    }
    const read = toAmount(await driver.measurePartition(partition, { signal, isExact: true }));
    this.known.set(key, { ...read, contents, atMs: this.clock.monotonicMs() });
    return read;
  }

  forget(key: string): void {
    this.known.delete(key);
  }
}

/** What was read, for as many objects as there are now. */
function scaled(known: Amount, { objects }: Amount): number {
  return known.objects > 0 ? (known.bytes * objects) / known.objects : 0;
}

function toAmount({ bytes, keys }: PartitionSize): Amount {
  return { bytes, objects: keys };
}
