import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ContentsDigest, digestOf } from './contents.ts';
import type { DataStoreHarness, DataStoreKind } from './driver.conformance.ts';
import type { DataStoreDriver, Entry } from './driver.ts';
import { openDataStore } from './open.ts';

const mebibyte = 1024 * 1024;

/** What every driver does with the contents of partitions, shown against a real server. */
export function describePartitionContents(kind: DataStoreKind): void {
  describe(`the contents of a partition of ${kind.name}`, () => {
    let harness: DataStoreHarness;
    let driver: DataStoreDriver;

    const started = new AsyncDisposableStack();

    beforeAll(async () => {
      harness = started.use(await kind.start());
      driver = started.adopt(openDataStore(harness.root), (open) => open.close());
      await driver.ensurePartition('neighbour');
      await harness.fill('neighbour', 3);
    });

    afterAll(() => started.disposeAsync());

    /** A new partition, and what it looks like before anything is in it. */
    async function partition(id: string) {
      await driver.ensurePartition(id);
      return driver.contentsOf(id);
    }

    it('are what the tenant wrote', async () => {
      const contents = await partition('tenant');
      await using tenant = await harness.connectTenant('tenant');
      await tenant.write('greeting', 'hello');

      expect(await entriesOf(driver, 'tenant')).toEqual([{ key: 'greeting', value: Buffer.from('hello') }]);
      await contents.put([{ key: 'greeting', value: Buffer.from('hello again') }]);
      expect(await tenant.read('greeting')).toBe('hello again');
      await tenant.write('greeting', 'and again');
      expect(await entriesOf(driver, 'tenant')).toEqual([
        { key: 'greeting', value: Buffer.from('and again') },
      ]);
    });

    it('are nothing where nobody has written', async () => {
      await partition('empty');
      expect(await entriesOf(driver, 'empty')).toEqual([]);
      await driver.contentsOf('empty').clear();
      await driver.contentsOf('empty').remove(['never/there']);
      expect(await entriesOf(driver, 'empty')).toEqual([]);
    });

    it('come back octet by octet, in the order of their keys', async () => {
      const entries: readonly Entry[] = [
        { key: 'B', value: Buffer.alloc(0) },
        { key: 'a', value: Buffer.from([0, 255, 0x5c, 39, 34, 123, 125, 44]) },
        { key: 'a-b', value: Buffer.from('null') },
        { key: 'a/b', value: Buffer.from('value') },
        { key: 'é/"\\,{}', value: Buffer.from('{"kind":"é"}') },
      ];
      const contents = await partition('octets');
      await contents.put(entries.toReversed());
      expect(await entriesOf(driver, 'octets')).toEqual(entries);
    });

    it('can be put twice', async () => {
      const contents = await partition('twice');
      const entries = numbered(20);
      await contents.put(entries);
      const once = await digest('twice');
      await contents.put(entries);
      expect(await digest('twice')).toEqual(once);
      expect(once).toMatchObject({ entries: 20 });
    });

    it('are of one moment, whatever is written and compacted meanwhile', async () => {
      const contents = await partition('moment');
      await contents.put(numbered(1200));
      const before = await digest('moment');
      await using snapshot = await contents.snapshot();
      await contents.put(numbered(1200, 'changed'));
      await contents.remove(['objects/00007']);
      for (let round = 0; round < 3; round += 1) await driver.compact({ minimumIntervalMs: 0 });
      expect(await digestOf(snapshot)).toEqual(before);
      const after = await digest('moment');
      expect(after).toMatchObject({ entries: 1199 });
      expect(after.sha256).not.toBe(before.sha256);
    });

    it('are read in pages of a bounded size', async () => {
      const contents = await partition('large');
      const small = numbered(700);
      const large = Array.from({ length: 12 }, (_, index) => ({
        key: `objects/large-${index}`,
        value: Buffer.alloc(mebibyte, index),
      }));
      await contents.put([...small, ...large]);
      await using snapshot = await contents.snapshot();
      let entries = 0;
      for await (const page of snapshot.pages()) {
        entries += page.length;
        expect(page.reduce((sum, entry) => sum + entry.value.length, 0)).toBeLessThanOrEqual(5 * mebibyte);
      }
      expect(entries).toBe(712);
      // A look at the whole store would not fit into one answer of it.
      await contents.clear();
    });

    it('keep how long they have to live', async () => {
      const contents = await partition('lives');
      await contents.put([
        { key: 'long', value: Buffer.from('a'), ttlSeconds: 3000 },
        { key: 'longer', value: Buffer.from('b'), ttlSeconds: 3001 },
        { key: 'stays', value: Buffer.from('c') },
      ]);
      const [long, longer, stays] = await entriesOf(driver, 'lives');
      for (const entry of [long, longer]) {
        expect(entry?.ttlSeconds).toBeGreaterThan(2900);
        expect(entry?.ttlSeconds).toBeLessThanOrEqual(3030);
      }
      expect(stays).not.toHaveProperty('ttlSeconds');
    });

    it('are removed without anything of a neighbour', async () => {
      const contents = await partition('neighbou');
      const before = await factsAbout('neighbour');
      await contents.put(numbered(1100));
      await contents.remove(['objects/00001', 'objects/00002', '', '../neighbour/key-0']);
      expect(await digest('neighbou')).toMatchObject({ entries: 1098 });
      await contents.clear();
      expect(await digest('neighbou')).toMatchObject({ entries: 0 });
      expect(await factsAbout('neighbour')).toEqual(before);
    });

    it('can be read and not written while its partition is read-only, also by who is connected', async () => {
      await driver.ensurePartition('sealed');
      await using tenant = await harness.connectTenant('sealed');
      await tenant.write('key', 'before');
      expect(await driver.ensurePartition('sealed', { access: 'ReadOnly' })).toEqual({ changed: true });
      expect(await driver.ensurePartition('sealed', { access: 'ReadOnly' })).toEqual({ changed: false });
      await expect(tenant.write('key', 'after')).rejects.toThrow();
      await expect(tenant.write('other', 'after')).rejects.toThrow();
      expect(await tenant.read('key')).toBe('before');
      expect(await driver.ensurePartition('sealed')).toEqual({ changed: true });
      await tenant.write('key', 'afterwards');
      expect(await tenant.read('key')).toBe('afterwards');
      expect(await driver.ensurePartition('sealed')).toEqual({ changed: false });
    });

    it('have revisions above any that is wanted', async () => {
      const contents = await partition('revisions');
      await contents.put(numbered(1));
      const wanted = (BigInt(await revisionOf('revisions')) + 2000n).toString();
      await contents.advance(wanted);
      await contents.advance('1');
      await contents.put(numbered(1));
      expect(BigInt(await revisionOf('revisions'))).toBeGreaterThan(BigInt(wanted));
    });

    it('are left alone by who is no longer leader', async () => {
      const fence = () => {
        throw new Error('no longer leader');
      };
      const contents = await partition('fenced');
      await contents.put(numbered(3));
      const before = await harness.snapshot();
      await expect(contents.put(numbered(3, 'other'), { fence })).rejects.toThrow('no longer leader');
      await expect(contents.remove(['objects/00000'], { fence })).rejects.toThrow('no longer leader');
      await expect(contents.clear({ fence })).rejects.toThrow('no longer leader');
      await expect(contents.advance('99999999', { fence })).rejects.toThrow();
      expect(await harness.snapshot()).toEqual(before);
    });

    it('of a partition that is not there are an error, not nothing', async () => {
      const missing = driver.contentsOf('missing');
      if (kind.compaction === 'leftToTenants') {
        await expect(missing.snapshot()).rejects.toMatchObject({ name: 'DataStoreError' });
        await expect(missing.put(numbered(1))).rejects.toMatchObject({ name: 'DataStoreError' });
      }
      expect(() => driver.contentsOf('../neighbour')).toThrow(
        expect.objectContaining({ code: 'Unsupported' }),
      );
    });

    async function factsAbout(id: string): Promise<readonly string[]> {
      const facts = (await harness.snapshot()).filter((fact) => fact.includes(id));
      expect(facts.length).toBeGreaterThan(3);
      return facts;
    }

    async function digest(id: string): Promise<ContentsDigest> {
      await using snapshot = await driver.contentsOf(id).snapshot();
      return await digestOf(snapshot);
    }

    async function revisionOf(id: string): Promise<string> {
      await using snapshot = await driver.contentsOf(id).snapshot();
      return snapshot.revision;
    }
  });
}

async function entriesOf(driver: DataStoreDriver, id: string): Promise<readonly Entry[]> {
  await using snapshot = await driver.contentsOf(id).snapshot();
  const entries: Entry[] = [];
  for await (const page of snapshot.pages()) entries.push(...page);
  return entries;
}

function numbered(count: number, text = 'value'): readonly Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `objects/${String(index).padStart(5, '0')}`,
    value: Buffer.from(`${text} ${index}`),
  }));
}
