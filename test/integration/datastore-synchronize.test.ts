import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { digestOf } from '../../src/datastore/contents.ts';
import type { DataStoreDriver, Entry } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { synchronize } from '../../src/datastore/synchronize.ts';
import { etcdKind } from '../support/etcd-datastore.ts';
import { postgresKind } from '../support/postgres-datastore.ts';

jest.setTimeout(60_000);

describe('synchronizing partitions', () => {
  const drivers = new Map<string, DataStoreDriver>();
  const started = new AsyncDisposableStack();

  beforeAll(async () => {
    for (const kind of [etcdKind, postgresKind]) {
      const { root } = started.use(await kind.start());
      drivers.set(
        kind.name,
        started.adopt(openDataStore(root), (open) => open.close()),
      );
    }
  });

  afterAll(() => started.disposeAsync());

  describe.each([
    ['etcd', 'Postgres'],
    ['Postgres', 'etcd'],
    ['etcd', 'etcd'],
  ])('from %s to %s', (from, to) => {
    const id = `${from}-${to}`.toLowerCase();

    it('makes the one what the other is, and then has nothing to do', async () => {
      const [source, target] = await pair();
      await source.put(some(1500));
      expect(await copy()).toEqual({ written: 1500, removed: 0 });
      expect(await copy()).toEqual({ written: 0, removed: 0 });

      await source.put([{ key: 'objects/0003', value: Buffer.from('changed') }, ...some(3, 'more')]);
      await source.remove(['objects/0000', 'objects/0700', 'objects/1499']);
      await target.put([{ key: 'zombie', value: Buffer.from('of an earlier attempt') }]);
      expect(await copy()).toEqual({ written: 4, removed: 4 });
      const [one, other] = await digests();
      expect(other).toEqual(one);
    });

    it('keeps what has only so long to live that way', async () => {
      const [source] = await pair();
      await source.put([{ key: 'events/one', value: Buffer.from('e'), ttlSeconds: 600 }]);
      expect(await copy()).toEqual({ written: 1, removed: 0 });
      expect(await copy()).toEqual({ written: 0, removed: 0 });
      await source.put([{ key: 'events/one', value: Buffer.from('e') }]);
      expect(await copy()).toEqual({ written: 1, removed: 0 });
    });

    it('empties the one when the other is empty', async () => {
      const [source] = await pair();
      await source.clear();
      const { removed } = await copy();
      expect(removed).toBeGreaterThan(1000);
      expect((await digests())[1]).toMatchObject({ entries: 0 });
    });

    async function pair() {
      const [source, target] = [driver(from), driver(to)];
      await source.ensurePartition(`${id}-source`);
      await target.ensurePartition(`${id}-target`);
      return [source.contentsOf(`${id}-source`), target.contentsOf(`${id}-target`)] as const;
    }

    async function copy() {
      await using snapshot = await driver(from).contentsOf(`${id}-source`).snapshot();
      return await synchronize(snapshot, driver(to).contentsOf(`${id}-target`));
    }

    async function digests() {
      await using source = await driver(from).contentsOf(`${id}-source`).snapshot();
      await using target = await driver(to).contentsOf(`${id}-target`).snapshot();
      return [await digestOf(source), await digestOf(target)];
    }
  });

  function driver(name: string): DataStoreDriver {
    const found = drivers.get(name);
    if (!found) throw new Error(`no driver ${name}`);
    return found;
  }
});

function some(count: number, folder = 'objects'): readonly Entry[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `${folder}/${String(index).padStart(4, '0')}`,
    value: Buffer.from(`value ${index}`),
  }));
}
