import { expect, it, jest } from '@jest/globals';
import type { DataStoreDriver, ReclaimResult } from '../../src/datastore/driver.ts';
import { etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { fillEtcd, startEtcdCluster } from '../support/etcd-cluster.ts';
import { connectionAs, etcdClient, rootConnection } from '../support/etcd-datastore.ts';
import { startEtcd } from '../support/etcd.ts';

jest.setTimeout(120_000);

const quota = (mebibytes: number) => ({ extraArgs: [`--quota-backend-bytes=${mebibytes * 2 ** 20}`] });

it('an etcd that history has filled takes writes again, member by member', async () => {
  await using cluster = await startEtcdCluster(quota(16));
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(connectionAs(cluster, cluster.root)), (open) => open.close());
  const administrator = stack.adopt(etcdClient(cluster, cluster.root), (client) => client.close());
  await driver.ensurePartition('greedy');
  await driver.ensurePartition('quiet');
  const { prefix } = etcdPartition('greedy');
  const overwrite = async () => {
    for (let index = 0; ; index += 1) {
      await administrator
        .put(`${prefix}pods/${index % 10}`)
        .value('x'.repeat(100_000))
        .exec();
    }
  };
  await expect(overwrite()).rejects.toThrow('database space exceeded');
  const before = await driver.checkHealth();
  expect(before).toMatchObject({ healthy: false, outOfSpace: true, quotaBytes: 16 * 2 ** 20 });
  await expect(administrator.put('/quiet/pods/a').value('a').exec()).rejects.toThrow('space exceeded');

  const fences: number[] = [];
  const steps = await reclaimAll(driver, () => fences.push(1));

  // Three members, one at a time, then the alarm.
  expect(steps.map(({ state }) => state)).toEqual(['Underway', 'Underway', 'Underway', 'Writable']);
  expect(fences.length).toBeGreaterThanOrEqual(5);
  await administrator.put('/quiet/pods/a').value('a').exec();
  const after = await driver.checkHealth();
  expect(after).toMatchObject({ healthy: true });
  expect(after).not.toHaveProperty('outOfSpace');
  expect(after.sizeBytes).toBeLessThan(16 * 2 ** 20 * 0.5);
  expect(await driver.reclaimSpace()).toEqual({ state: 'Writable' });
});

it('an etcd full of live keys says whose they are, and takes writes when some of them have gone', async () => {
  await using server = await startEtcd(quota(16));
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
  await driver.ensurePartition('greedy');
  await driver.ensurePartition('quiet');
  await administrator.put('/quiet/pods/a').value('a').exec();
  await fillEtcd(server, `${etcdPartition('greedy').prefix}configmaps/default/`);

  expect((await reclaimAll(driver)).at(-1)).toMatchObject({ state: 'Exhausted' });
  expect(await driver.reclaimSpace()).toMatchObject({ state: 'Exhausted' });
  const [largest, second] = await driver.largestPartitions(10);
  expect(largest).toMatchObject({ id: 'greedy', keys: expect.any(Number) });
  expect(largest?.bytes).toBeGreaterThan(12 * 2 ** 20);
  expect(second).toEqual({ id: 'quiet', bytes: '/quiet/pods/a'.length + 1, keys: 1 });

  await administrator.delete().prefix(etcdPartition('greedy').prefix).exec();
  await driver.reclaimSpace();
  await administrator.delete().key('/quiet/pods/a').exec();
  expect((await reclaimAll(driver)).at(-1)).toEqual({ state: 'Writable' });
  await administrator.put('/quiet/pods/a').value('b').exec();
});

it('nothing is written to a full store by one who may not', async () => {
  await using server = await startEtcd(quota(2));
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  await driver.ensurePartition('greedy');
  await fillEtcd(server, etcdPartition('greedy').prefix);
  const size = (await driver.checkHealth()).sizeBytes;
  const fence = () => {
    throw new Error('no longer the leader');
  };

  await expect(driver.reclaimSpace({ fence })).rejects.toThrow('no longer the leader');

  const after = await driver.checkHealth();
  expect(after.outOfSpace).toBe(true);
  // What was written last may come to the file later; a store that was defragmented would be smaller.
  expect(after.sizeBytes).toBeGreaterThanOrEqual(size ?? Infinity);
});

it('large kinds of objects are reckoned with from a page of them, small ones are read', async () => {
  await using server = await startEtcd();
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
  const put = async (id: string, kind: string, keys: number, bytes: number) => {
    for (let index = 0; index < keys; index += 1) {
      const key = `/${id}/${kind}/default/${String(index).padStart(6, '0')}`;
      await administrator.put(key).value(Buffer.alloc(bytes)).exec();
    }
  };
  for (const id of ['blue', 'blue-2', 'green']) await driver.ensurePartition(id);
  await put('blue', 'events', 1000, 500);
  await put('blue', 'leases', 30, 100);
  await put('blue', 'secrets', 250, 4000);
  await put('blue-2', 'configmaps', 8, 1_000_000);
  await put('green', 'pods', 40, 2000);
  const keyBytes = (id: string, kind: string) => `/${id}/${kind}/default/000000`.length;
  const exact =
    1000 * (500 + keyBytes('blue', 'events')) +
    30 * (100 + keyBytes('blue', 'leases')) +
    250 * (4000 + keyBytes('blue', 'secrets'));

  const sizes = await driver.largestPartitions(10);

  expect(sizes).toEqual([
    { id: 'blue-2', keys: 8, bytes: 8 * (1_000_000 + keyBytes('blue-2', 'configmaps')) },
    { id: 'blue', keys: 1280, bytes: exact },
    { id: 'green', keys: 40, bytes: 40 * (2000 + keyBytes('green', 'pods')) },
  ]);
  expect(await driver.largestPartitions(1)).toHaveLength(1);
});

async function reclaimAll(driver: DataStoreDriver, fence?: () => void): Promise<readonly ReclaimResult[]> {
  const results: ReclaimResult[] = [];
  for (let step = 0; step < 20; step += 1) {
    const result = await driver.reclaimSpace({ ...(fence && { fence }) });
    results.push(result);
    if (result.state !== 'Underway') break;
  }
  return results;
}
