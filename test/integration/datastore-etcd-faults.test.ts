import { describe, expect, it, jest } from '@jest/globals';
import type { Etcd3 } from 'etcd3';
import { EtcdSession } from '../../src/datastore/etcd/session.ts';
import { compactionKey, etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { etcdClient, rootConnection } from '../support/etcd-datastore.ts';
import { startEtcd } from '../support/etcd.ts';

jest.setTimeout(60_000);

const often = { minimumIntervalMs: 0 };

it('a full etcd is reported with what to do, and partitions can still be deleted from it', async () => {
  await using server = await startEtcd({ extraArgs: ['--quota-backend-bytes=1000000'] });
  await using stack = new AsyncDisposableStack();
  const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  const { id, prefix } = etcdPartition('greedy');
  await driver.ensurePartition(id);
  const fill = async () => {
    for (let index = 0; index < 100; index += 1) {
      await administrator.put(`${prefix}${index}`).value('x'.repeat(100_000)).exec();
    }
  };
  await expect(fill()).rejects.toThrow('database space exceeded');

  await expect(driver.compact(often)).rejects.toMatchObject({
    code: 'NoSpace',
    message: expect.stringContaining('defragment'),
  });
  const health = await driver.checkHealth();
  expect(health.healthy).toBe(false);
  expect(health).toMatchObject({ outOfSpace: true, quotaBytes: 1_000_000 });
  expect(health.endpoints[0]?.message).toMatch(/out of space/);
  expect((await driver.inspectPartition(id)).keys).toBeGreaterThan(0);
  await driver.deletePartition(id);
  expect((await driver.inspectPartition(id)).keys).toBe(0);
});

it('an etcd without authentication is no place for tenants', async () => {
  await using server = await startEtcd({ auth: false });
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  await expect(driver.ensurePartition('tenant')).rejects.toMatchObject({
    code: 'Unsupported',
    message: expect.stringContaining('etcdctl auth enable'),
  });
  const health = await driver.checkHealth();
  expect(health.healthy).toBe(false);
  expect(health.endpoints[0]?.message).toContain('etcdctl auth enable');
});

it('a driver outlives a crash of etcd', async () => {
  await using server = await startEtcd();
  await using stack = new AsyncDisposableStack();
  const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  await driver.ensurePartition('tenant');
  await server.kill();
  for (let call = 0; call < 5; call += 1) {
    await expect(driver.inspectPartition('tenant')).rejects.toMatchObject({ code: 'Unreachable' });
  }
  await server.start();
  // At once: no circuit is open and no back-off is waited for.
  expect(await driver.inspectPartition('tenant')).toMatchObject({ userExists: true, roleExists: true });
  expect(await driver.checkHealth()).toMatchObject({ healthy: true });
});

it('an endpoint that takes calls and never answers costs one time-out, not one in every few calls', async () => {
  await using silent = await startEtcd();
  await using server = await startEtcd();
  await using stack = new AsyncDisposableStack();
  const root = rootConnection(server);
  const connection = { ...root, endpoints: [...silent.endpoints, ...server.endpoints] };
  const session = stack.adopt(new EtcdSession(connection, { timeoutMs: 300 }), (open) => open.close());
  silent.pause();
  const timed: boolean[] = [];
  for (let call = 0; call < 6; call += 1) {
    const started = performance.now();
    await session.call('read', (client) => client.get('key').string());
    timed.push(performance.now() - started >= 300);
  }
  expect(timed).toEqual([true, false, false, false, false, false]);
});

it('what a closed driver was doing fails', async () => {
  await using server = await startEtcd();
  const driver = openDataStore(rootConnection(server));
  await driver.ensurePartition('tenant');
  await driver.close();
  await expect(driver.ensurePartition('tenant')).rejects.toMatchObject({ name: 'DataStoreError' });
  expect((await driver.checkHealth()).healthy).toBe(false);
});

describe('compaction', () => {
  it('takes the history before the last call and keeps what came after it', async () => {
    await using server = await startEtcd();
    await using stack = new AsyncDisposableStack();
    const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
    const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
    const write = async (value: string) =>
      (await administrator.put('key').value(value).exec()).header.revision;
    const readAt = (revision: string) => administrator.get('key').revision(revision).string();

    const first = await write('first');
    await write('first, replaced');
    expect(await driver.compact(often)).toEqual({ compacted: false, reason: 'NothingToDo' });
    const second = await write('second');
    await write('second, replaced');
    expect(await readAt(first)).toBe('first');

    const result = await driver.compact(often);
    expect(result).toMatchObject({ compacted: true });
    await expect(readAt(first)).rejects.toThrow('has been compacted');
    expect(await readAt(second)).toBe('second');
    expect(await administrator.get(compactionKey).string()).toBe(result.compacted ? result.revision : '');

    await driver.compact(often);
    await expect(readAt(second)).rejects.toThrow('has been compacted');
  });

  it('goes on after the key was deleted, and after somebody else compacted', async () => {
    await using server = await startEtcd();
    await using stack = new AsyncDisposableStack();
    const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
    const driver = stack.adopt(openDataStore(rootConnection(server)), (open) => open.close());
    await driver.compact(often);
    await administrator.delete().key(compactionKey).exec();
    expect(await driver.compact(often)).toEqual({ compacted: false, reason: 'Raced' });
    expect(await driver.compact(often)).toMatchObject({ compacted: true });
    const { header } = await administrator.put('key').value('value').exec();
    await administrator.kv.compact({ revision: header.revision });
    expect(await driver.compact(often)).toEqual({ compacted: false, reason: 'NothingToDo' });
    expect(await driver.compact(often)).toMatchObject({ compacted: true });
  });
});

it('a write whose connection stands only when the fence has shut is not sent', async () => {
  await using server = await startEtcd();
  await using stack = new AsyncDisposableStack();
  const administrator = stack.adopt(etcdClient(server, server.root), (client) => client.close());
  const session = stack.adopt(new EtcdSession(rootConnection(server)), (open) => open.close());
  const addRole = (name: string, heldFor: number) => {
    let asked = 0;
    const fence = () => {
      asked += 1;
      if (asked > heldFor) throw new Error(`not held when asked the ${asked}. time`);
    };
    const run = ({ auth }: Etcd3) => auth.roleAdd({ name });
    return session.write({ verb: 'add role', subject: name, run }, fence);
  };

  await expect(addRole('late', 1)).rejects.toThrow('not held when asked the 2. time');
  await addRole('in-time', 2);

  expect((await administrator.auth.roleList()).roles).toEqual(['in-time', 'root']);
});
