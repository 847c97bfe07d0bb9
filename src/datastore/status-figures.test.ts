import { describe, expect, it } from '@jest/globals';
import type { DataStoreHealth } from './driver.ts';
import { type Figures, median, tellFigures } from './status-figures.ts';

const mebibyte = 2 ** 20;

function health(facts: Partial<DataStoreHealth>): DataStoreHealth {
  return { healthy: true, endpoints: [], ...facts };
}

/** What is told after each look at a store that first was as in `first`. */
function tellAll(first: Partial<DataStoreHealth>, ...later: readonly Partial<DataStoreHealth>[]): Figures {
  let told = tellFigures(undefined, health(first), {});
  for (const facts of later) told = tellFigures(told, health(facts), {});
  return told;
}

describe('tellFigures', () => {
  it('tells a size again when it has moved by a fifth and by 64 MiB', () => {
    const size = (...mebibytes: number[]) => {
      const [first = 0, ...later] = mebibytes.map((each) => ({ sizeBytes: each * mebibyte }));
      return (tellAll(first as object, ...(later as object[])).sizeBytes ?? 0) / mebibyte;
    };

    expect(size(100, 163)).toBe(100);
    expect(size(100, 164)).toBe(164);
    expect(size(1000, 1199)).toBe(1000);
    expect(size(1000, 1200)).toBe(1200);
    expect(size(1000, 800)).toBe(800);
  });

  it('tells size and share of the quota when a step of five percent has been left for good', () => {
    const share = (...percents: number[]) => {
      const [first, ...later] = percents.map((percent) => ({
        sizeBytes: percent * 10_000,
        quotaBytes: 1_000_000,
      }));
      const { quotaPercent, sizeBytes = 0 } = tellAll(first ?? {}, ...later);
      return [quotaPercent, sizeBytes / 10_000];
    };

    expect(share(42)).toEqual([40, 42]);
    expect(share(42, 45.5, 44.5, 39.5)).toEqual([40, 42]);
    expect(share(42, 46)).toEqual([45, 46]);
    expect(share(42, 46, 44.5)).toEqual([45, 46]);
    expect(share(42, 38)).toEqual([35, 38]);
  });

  it('tells a latency again when it has moved by 100 ms, and none of a store that does not answer', () => {
    expect(tellAll({ latencyMs: 2 }, { latencyMs: 101 }).latencyMilliseconds).toBe(2);
    expect(tellAll({ latencyMs: 2 }, { latencyMs: 102 }).latencyMilliseconds).toBe(102);
    expect(tellAll({ latencyMs: 2 }, {})).not.toHaveProperty('latencyMilliseconds');
  });

  it('tells connections again when they have moved by a tenth of the limit, or the limit has', () => {
    const at = (used: number, limit = 100) => ({ connections: { used, limit, perTenant: 5 } });

    expect(tellAll(at(30), at(39)).connections).toEqual({ used: 30, limit: 100 });
    expect(tellAll(at(30), at(40)).connections).toEqual({ used: 40, limit: 100 });
    expect(tellAll(at(30), at(31, 200)).connections).toEqual({ used: 31, limit: 200 });
  });

  it('reckons with five connections for each control plane, and leaves some for everything else', () => {
    const postgres = health({ connections: { used: 0, limit: 100, perTenant: 5 } });

    expect(tellFigures(undefined, postgres, {}).tenantCapacity).toBe(17);
    expect(tellFigures(undefined, postgres, { tenants: 9 }).tenantCapacity).toBe(9);
    expect(tellFigures(undefined, postgres, { tenants: 90 }).tenantCapacity).toBe(17);
    expect(tellFigures(undefined, health({}), {})).not.toHaveProperty('tenantCapacity');
  });

  it('keeps what is known of a store that does not answer', () => {
    const told = tellAll({ sizeBytes: 500_000, quotaBytes: 1_000_000, latencyMs: 3 });

    expect(tellFigures(told, undefined, {})).toEqual({
      sizeBytes: 500_000,
      quotaBytes: 1_000_000,
      quotaPercent: 50,
    });
  });
});

describe('median', () => {
  it('is not moved by one value', () => {
    expect(median([2, 3000, 3, 2, 4])).toBe(3);
    expect(median([])).toBeUndefined();
  });
});
