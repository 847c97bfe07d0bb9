import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataStoreConnection, DataStoreDriver } from './driver.ts';
import type { DataStoreErrorCode } from './errors.ts';
import { openDataStore } from './open.ts';

/** A real server of the kind under test, and ways to look at it that do not go through the driver. */
export interface DataStoreHarness extends AsyncDisposable {
  readonly root: DataStoreConnection;
  /** `root`, with an endpoint in front at which nothing listens. */
  readonly partlyDead: DataStoreConnection;
  readonly faulty: Readonly<
    Record<'unreachable' | 'foreignCertificate' | 'foreignServer' | 'unknownUser', DataStoreConnection>
  >;

  /** With exactly the credential that a tenant gets. */
  connectTenant(id: string): Promise<TenantConnection>;

  /** All of the store that anyone can see (users, rights, data), one line a fact, sorted. */
  snapshot(): Promise<readonly string[]>;

  /** Puts `count` values into the partition as root; names of two calls are the same. */
  fill(id: string, count: number): Promise<void>;
}

export interface TenantConnection extends AsyncDisposable {
  write(name: string, value: string): Promise<void>;
  read(name: string): Promise<string | undefined>;

  /** Tries everything that the protocol has to get at these partitions or at the store itself. Names what was not denied. */
  tryToEscape(others: readonly string[]): Promise<readonly string[]>;
}

export interface DataStoreKind {
  readonly name: string;
  /** Whether history is one for all tenants, and Marina's to compact, or each tenant's own. */
  readonly compaction: 'shared' | 'leftToTenants';
  start(): Promise<DataStoreHarness>;
  /** Half-made or tampered states of a partition, made from a complete one. */
  readonly damages: Readonly<Record<string, (harness: DataStoreHarness, id: string) => Promise<void>>>;
}

/** Ids of which one is the beginning of another, or that sort right before or after another's range. */
const neighbours = ['a', 'aa', 'a-a', 'a0', 'a-0', 'b'] as const;

/** What every driver of the contract in driver.ts does, shown against a real server. */
export function describeDataStoreDriver(kind: DataStoreKind): void {
  describe(`${kind.name} as a DataStore`, () => {
    let harness: DataStoreHarness;
    let driver: DataStoreDriver;

    const started = new AsyncDisposableStack();

    beforeAll(async () => {
      harness = started.use(await kind.start());
      driver = started.adopt(openDataStore(harness.root), (open) => open.close());
    });

    afterAll(() => started.disposeAsync());

    describe('a partition', () => {
      it('can be used with its credential, and is only made once', async () => {
        expect(await driver.ensurePartition('made')).toEqual({ changed: true });
        const made = await harness.snapshot();
        await using tenant = await harness.connectTenant('made');
        await tenant.write('greeting', 'hello');
        expect(await tenant.read('greeting')).toBe('hello');
        expect(await driver.inspectPartition('made')).toEqual({
          id: 'made',
          userExists: true,
          roleExists: true,
          keys: 1,
        });

        await driver.deletePartition('made');
        await driver.ensurePartition('made');
        expect(await driver.ensurePartition('made')).toEqual({ changed: false });
        expect(await harness.snapshot()).toEqual(made);
      });

      it('is made whole by several callers at once', async () => {
        await driver.ensurePartition('crowd');
        const made = await harness.snapshot();
        await driver.deletePartition('crowd');
        await Promise.all(Array.from({ length: 8 }, () => driver.ensurePartition('crowd')));
        expect(await harness.snapshot()).toEqual(made);
      });

      it.each(Object.entries(kind.damages))('is repaired: %s', async (_, damage) => {
        await driver.ensurePartition('damaged');
        const whole = await harness.snapshot();
        await damage(harness, 'damaged');
        expect(await harness.snapshot()).not.toEqual(whole);
        expect(await driver.ensurePartition('damaged')).toEqual({ changed: true });
        expect(await harness.snapshot()).toEqual(whole);
      });

      it.each(['', 'A', 'a/', 'a-', '-a', 'a--b', 'a.b', 'a_b', 'ä', 'a\n', '../a', 'a'.repeat(64), 'root'])(
        'is not made for %j, which is no id',
        async (id) => {
          const before = await harness.snapshot();
          await expect(driver.ensurePartition(id)).rejects.toMatchObject({ code: 'Unsupported' });
          await expect(driver.deletePartition(id)).rejects.toMatchObject({ code: 'Unsupported' });
          expect(await harness.snapshot()).toEqual(before);
        },
      );
    });

    describe('between neighbours', () => {
      beforeAll(async () => {
        for (const id of neighbours) {
          await driver.ensurePartition(id);
          await harness.fill(id, 2);
        }
      });

      it.each(neighbours)('%s gets at nothing of another, and at nothing of the store', async (id) => {
        const before = await harness.snapshot();
        await using tenant = await harness.connectTenant(id);
        expect(await tenant.tryToEscape(neighbours.filter((other) => other !== id))).toEqual([]);
        expect(await harness.snapshot()).toEqual(before);
      });

      it.each(neighbours)('%s is deleted without a trace of it left or of another lost', async (id) => {
        const before = await harness.snapshot();
        await driver.deletePartition(id);
        expect(await driver.inspectPartition(id)).toEqual({
          id,
          userExists: false,
          roleExists: false,
          keys: 0,
        });
        for (const other of neighbours) {
          const left = other === id ? { userExists: false } : { userExists: true, roleExists: true, keys: 2 };
          expect(await driver.inspectPartition(other)).toMatchObject(left);
        }
        await driver.ensurePartition(id);
        await harness.fill(id, 2);
        expect(await harness.snapshot()).toEqual(before);
      });
    });

    describe('deletion', () => {
      it('is quiet about what is gone already', async () => {
        const before = await harness.snapshot();
        await driver.deletePartition('never-there');
        expect(await harness.snapshot()).toEqual(before);
      });

      it('takes a large partition, and ends where it was when it is repeated', async () => {
        const before = await harness.snapshot();
        await driver.ensurePartition('large');
        await harness.fill('large', 1201);
        await driver.deletePartition('large');
        await driver.deletePartition('large');
        expect(await harness.snapshot()).toEqual(before);
      });

      it('shuts out the credential at once', async () => {
        await driver.ensurePartition('shut');
        await using tenant = await harness.connectTenant('shut');
        await tenant.write('key', 'value');
        await driver.deletePartition('shut');
        await expect(tenant.read('key')).rejects.toThrow();
        await expect(tenant.write('key', 'value')).rejects.toThrow();
      });
    });

    describe('the fence', () => {
      const fence = () => {
        throw new Error('no longer leader');
      };

      it('stops every write', async () => {
        await driver.ensurePartition('fenced');
        await harness.fill('fenced', 1);
        const before = await harness.snapshot();
        await expect(driver.ensurePartition('unfenced', { fence })).rejects.toThrow('no longer leader');
        await expect(driver.deletePartition('fenced', { fence })).rejects.toThrow('no longer leader');
        if (kind.compaction === 'shared') {
          await expect(driver.compact({ fence })).rejects.toThrow('no longer leader');
        }
        expect(await harness.snapshot()).toEqual(before);
      });

      it('stops in the middle, and what is half done is finished by the next call', async () => {
        const before = await harness.snapshot();
        for (const allowed of [1, 2, 3]) {
          const lose = afterwards(allowed, fence);
          await expect(driver.ensurePartition('halfway', { fence: lose })).rejects.toThrow(
            'no longer leader',
          );
          await driver.ensurePartition('halfway');
          await harness.fill('halfway', 1);
          await expect(driver.deletePartition('halfway', { fence: afterwards(1, fence) })).rejects.toThrow();
          await driver.deletePartition('halfway');
          expect(await harness.snapshot()).toEqual(before);
        }
      });
    });

    describe('a store that fails', () => {
      const codes: Record<keyof DataStoreHarness['faulty'], DataStoreErrorCode> = {
        unreachable: 'Unreachable',
        foreignCertificate: 'Unauthenticated',
        foreignServer: 'Unauthenticated',
        unknownUser: 'Denied',
      };

      it.each(Object.entries(codes))('%s is reported as %s by every call', async (fault, code) => {
        const broken = openDataStore(harness.faulty[fault as keyof typeof codes]);
        const before = await harness.snapshot();
        try {
          const error = { name: 'DataStoreError', code, message: expect.stringMatching(/^\w+: .+: .+/) };
          await expect(broken.ensurePartition('x')).rejects.toMatchObject(error);
          await expect(broken.inspectPartition('x')).rejects.toMatchObject(error);
          await expect(broken.deletePartition('x')).rejects.toMatchObject(error);
          if (kind.compaction === 'shared') await expect(broken.compact()).rejects.toMatchObject(error);
          const health = await broken.checkHealth();
          expect(health.healthy).toBe(false);
          expect(health.endpoints[0]?.message).toContain(code);
        } finally {
          await broken.close();
        }
        expect(await harness.snapshot()).toEqual(before);
      });

      it('with one dead endpoint goes on, and says which it is', async () => {
        const limping = openDataStore(harness.partlyDead);
        try {
          for (let round = 0; round < 5; round += 1) {
            await limping.ensurePartition('limping');
            await limping.deletePartition('limping');
          }
          const health = await limping.checkHealth();
          expect(health).toMatchObject({ healthy: true, endpoints: [{ healthy: false }, { healthy: true }] });
          expect(health.endpoints[0]?.message).toContain('Unreachable');
        } finally {
          await limping.close();
        }
      });
    });

    it('says how it is', async () => {
      const health = await driver.checkHealth();
      expect(health.endpoints).toEqual(
        harness.root.endpoints.map((endpoint) => ({ endpoint, healthy: true })),
      );
      expect(health).toMatchObject({ healthy: true, version: expect.stringMatching(/^\d+\.\d+/) });
      expect(health.latencyMs).toBeGreaterThan(0);
      expect(health.sizeBytes).toBeGreaterThan(0);
      expect(health).not.toHaveProperty('outOfSpace');
    });

    it('says who it is, the same to everybody', async () => {
      const other = openDataStore(harness.root);
      try {
        const { storeId } = await driver.checkHealth();
        expect(storeId).toMatch(/^[0-9a-f]{8,}$/);
        expect((await other.checkHealth()).storeId).toBe(storeId);
      } finally {
        await other.close();
      }
    });

    it('names the partitions that take most, and nothing else that is in the store', async () => {
      for (const id of ['large', 'small']) {
        await driver.ensurePartition(id);
        // Tables are made by whoever writes first.
        await using tenant = await harness.connectTenant(id);
        await tenant.write('key-0', 'value');
      }
      await harness.fill('large', 3000);

      const sizes = await driver.largestPartitions(100);

      const known = sizes.filter(({ id }) => ['large', 'small'].includes(id));
      expect(known).toMatchObject([
        { id: 'large', keys: 3000 },
        { id: 'small', keys: 1 },
      ]);
      expect(sizes.toSorted((one, other) => other.bytes - one.bytes)).toEqual(sizes);
      for (const { id } of sizes)
        expect(await driver.inspectPartition(id)).toMatchObject({ userExists: true });
      expect(await driver.largestPartitions(1)).toEqual(sizes.slice(0, 1));
      for (const id of ['large', 'small']) await driver.deletePartition(id);
    });

    it('knows what one partition takes, by what is in it now', async () => {
      await driver.ensurePartition('measured');
      const empty = await driver.measurePartition('measured');
      await using tenant = await harness.connectTenant('measured');
      await tenant.write('key-0', 'value');
      await harness.fill('measured', 3000);
      const full = await driver.measurePartition('measured');
      await driver.contentsOf('measured').put([{ key: 'large', value: Buffer.alloc(1_000_000) }]);
      const fuller = await driver.measurePartition('measured');
      await driver.contentsOf('measured').remove(['large']);

      expect(empty).toEqual({ id: 'measured', bytes: 0, keys: 0 });
      expect(full).toMatchObject({ id: 'measured', keys: 3000 });
      expect(full.bytes).toBeGreaterThan(3000 * 'key-0'.length);
      expect(fuller.keys).toBe(3001);
      expect(fuller.bytes - full.bytes).toBeGreaterThan(1_000_000);
      expect(fuller.bytes - full.bytes).toBeLessThan(1_001_000);
      expect(await driver.measurePartition('measured')).toEqual(full);
      await driver.deletePartition('measured');
    });

    it('is left as it is when it takes writes', async () => {
      const before = await harness.snapshot();
      expect(await driver.reclaimSpace()).toEqual({ state: 'Writable' });
      expect(await harness.snapshot()).toEqual(before);
    });

    if (kind.compaction === 'leftToTenants') {
      it('leaves compaction to each tenant’s apiserver', async () => {
        const result = await driver.compact({ minimumIntervalMs: 0 });
        expect(result).toEqual({ compacted: false, reason: 'LeftToTenants' });
      });
      return;
    }

    it('is compacted by one of several at a time', async () => {
      const others = [openDataStore(harness.root), openDataStore(harness.root)];
      const all = [driver, ...others];
      const options = { minimumIntervalMs: 0 };
      try {
        for (const one of all) await one.compact(options);
        for (let round = 0; round < 3; round += 1) {
          const results = await Promise.all(all.map((one) => one.compact(options)));
          expect(results.filter((result) => result.compacted)).toHaveLength(1);
        }
      } finally {
        await Promise.all(others.map((one) => one.close()));
      }
    });

    it('is not compacted again at once', async () => {
      await driver.compact({ minimumIntervalMs: 0 });
      expect(await driver.compact()).toEqual({ compacted: false, reason: 'NothingToDo' });
    });
  });
}

/** Lets the first `count` calls pass. */
function afterwards(count: number, act: () => void): () => void {
  let left = count;
  return () => {
    if (left === 0) act();
    left -= 1;
  };
}
