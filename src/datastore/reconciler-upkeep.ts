import type { DataStoreSpec } from '../api/v1alpha1/data-store.ts';
import { pause } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import { parseQuantity } from '../kube/quantity.ts';
import type { DataStoreDriver, DataStoreHealth, PartitionSize, ReclaimResult } from './driver.ts';
import { DataStoreError } from './errors.ts';
import type { Compaction } from './status.ts';
import { type Capacity, median } from './status-figures.ts';
import { largestShown } from './status-largest.ts';

/** Milliseconds without a compaction after which somebody should look. */
const compactionPatienceMs = 15 * 60_000;
/** Milliseconds between two measurements of partitions, and between two of a store in which space is low. */
const measureIntervalMs = 60 * 60_000;
const lowSpaceIntervalMs = 10 * 60_000;
/** Milliseconds that telling of a full store waits for who fills it. */
const measurePatienceMs = 10_000;
/** Looks over which the latency is the median. */
const looks = 5;

export interface UpkeepOptions {
  readonly clock: Clock;
  readonly fence: () => void;
}

export interface Look {
  readonly driver: DataStoreDriver;
  readonly log: Log;
}

/** What Marina does in one shared store on behalf of its tenants, who may not, and what it remembers of it between two looks. */
export class StoreUpkeep {
  private readonly options: UpkeepOptions;
  /** When its history was last looked after; at first, when Marina saw the store. */
  private compactedMs: number | undefined;
  private readonly latencies: number[] = [];
  private measured: readonly PartitionSize[] | undefined;
  private measuredMs = Number.NEGATIVE_INFINITY;
  private measuring: Promise<void> | undefined;
  private wasFull = false;

  constructor(options: UpkeepOptions) {
    this.options = options;
  }

  /** As of the last measurement that ended; largest first. */
  get largest(): readonly PartitionSize[] | undefined {
    return this.measured;
  }

  /** The health with a latency that one slow answer does not move. */
  smooth(health: DataStoreHealth): DataStoreHealth {
    if (health.latencyMs === undefined) return health;
    this.latencies.push(health.latencyMs);
    if (this.latencies.length > looks) this.latencies.shift();
    return { ...health, latencyMs: median(this.latencies) };
  }

  /** What fails is tried again at the next look, and told when it has failed for long. */
  async compact({ driver, log }: Look): Promise<Compaction | undefined> {
    const { clock, fence } = this.options;
    const nowMs = clock.monotonicMs();
    this.compactedMs ??= nowMs;
    try {
      const result = await driver.compact({ fence });
      log.debug({ compaction: result }, 'compacted the store');
      if (!result.compacted && result.reason === 'LeftToTenants') return undefined;
      this.compactedMs = nowMs;
      return {};
    } catch (error: unknown) {
      if (!(error instanceof DataStoreError)) throw error;
      log.warn({ err: error }, 'could not compact the store');
      const ageMs = nowMs - this.compactedMs;
      if (ageMs < compactionPatienceMs) return undefined;
      return { failingSince: new Date(clock.now().getTime() - ageMs), error: error.message };
    }
  }

  /** A step of making room in a full store, after finding out who fills it. */
  async reclaim(look: Look): Promise<ReclaimResult> {
    if (!this.wasFull) {
      this.wasFull = true;
      this.measured = undefined;
      this.measuring ??= this.measure(look);
      await Promise.race([this.measuring, pause(this.options.clock, measurePatienceMs)]);
    }
    try {
      const result = await look.driver.reclaimSpace({ fence: this.options.fence });
      look.log.info({ reclaim: result }, 'made room in the store');
      return result;
    } catch (error: unknown) {
      if (!(error instanceof DataStoreError)) throw error;
      look.log.warn({ err: error }, 'could not make room in the store');
      return { state: 'Underway', message: `Making room is tried again: ${error.message}.` };
    }
  }

  /** Beside everything else, and not at every look: it reads much. */
  measureWhenDue(look: Look, isSpaceLow: boolean): void {
    this.wasFull = false;
    const ageMs = this.options.clock.monotonicMs() - this.measuredMs;
    if (this.measuring || ageMs < (isSpaceLow ? lowSpaceIntervalMs : measureIntervalMs)) return;
    this.measuring = this.measure(look);
  }

  private async measure({ driver, log }: Look): Promise<void> {
    try {
      this.measured = await driver.largestPartitions(largestShown);
    } catch (error: unknown) {
      log.warn({ err: error }, 'could not measure the partitions of the store');
    } finally {
      this.measuredMs = this.options.clock.monotonicMs();
      this.measuring = undefined;
    }
  }
}

export function capacityOf({ capacity }: DataStoreSpec): Capacity {
  const storageBytes = parseQuantity(String(capacity?.storage ?? ''));
  const { tenants } = capacity ?? {};
  return {
    ...(storageBytes !== undefined && { storageBytes }),
    ...(tenants !== undefined && { tenants }),
  };
}
