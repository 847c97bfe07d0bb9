import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Etcd3 } from 'etcd3';
import { compactionKey, etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { etcdClient, rootConnection, tenantCredential } from '../support/etcd-datastore.ts';
import { notDenied, range, reads, writes } from '../support/etcd-escapes.ts';
import type { KeyRange } from '../support/etcd-escapes.ts';
import { startEtcd } from '../support/etcd.ts';
import type { EtcdServer } from '../support/etcd.ts';

jest.setTimeout(60_000);

const { id, prefix, end } = etcdPartition('tenant');

let server: EtcdServer;
let administrator: Etcd3;
let tenant: Etcd3;
const started = new AsyncDisposableStack();

beforeAll(async () => {
  server = started.use(await startEtcd());
  const driver = openDataStore(rootConnection(server));
  await driver.ensurePartition(id);
  await driver.compact();
  await driver.close();
  administrator = started.adopt(etcdClient(server, server.root), (client) => client.close());
  const credential = await tenantCredential(server, id);
  tenant = started.adopt(etcdClient(server, credential), (client) => client.close());
});

afterAll(() => started.disposeAsync());

// What shows that each attempt of the conformance suite is one that etcd refuses for the keys alone.
describe('the very calls that are denied elsewhere are allowed', () => {
  const own: Record<string, KeyRange> = {
    'on the whole partition': range(prefix, end),
    'on its first key': range(prefix),
    'on its last key': range(`${prefix}\xff`),
  };

  it.each(Object.entries(own))('%s', async (_, at) => {
    const calls = { ...reads(at), ...writes(at) };
    const outcomes = await notDenied(tenant, calls);
    expect(outcomes).toEqual(Object.keys(calls).map((name) => `${name}: allowed`));
  });

  it('to root, on a key of nobody', async () => {
    const calls = { ...reads(range('/nobody', '/nobody0')), ...writes(range('/nobody')) };
    const outcomes = await notDenied(administrator, calls);
    expect(outcomes).toEqual(Object.keys(calls).map((name) => `${name}: allowed`));
  });
});

describe('the compaction key', () => {
  it('can be read and watched by a tenant', async () => {
    const calls = reads(range(compactionKey));
    expect(await notDenied(tenant, calls)).toEqual(Object.keys(calls).map((name) => `${name}: allowed`));
  });

  it('cannot be written by a tenant', async () => {
    const before = await administrator.get(compactionKey).string();
    expect(before).toMatch(/^\d+$/);
    expect(await notDenied(tenant, writes(range(compactionKey)))).toEqual([]);
    expect(await administrator.get(compactionKey).string()).toBe(before);
  });
});

it('the credential of one store is worth nothing on another', async () => {
  await using other = await startEtcd();
  const driver = openDataStore(rootConnection(other));
  await driver.ensurePartition(id);
  await driver.close();
  const stranger = etcdClient(
    { endpoints: other.endpoints, ca: other.ca },
    await tenantCredential(server, id),
  );
  await expect(stranger.get(prefix)).rejects.toThrow(/UNAVAILABLE/);
  stranger.close();
});

it('a caller without a certificate is not let in', async () => {
  const { Etcd3 } = await import('etcd3');
  const stranger = new Etcd3({
    hosts: `https://${server.endpoints[0]}`,
    credentials: { rootCertificate: Buffer.from(server.ca.certificate) },
  });
  await expect(stranger.get(prefix)).rejects.toThrow(/UNAVAILABLE/);
  stranger.close();
});
