import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { rootConnection, tenantCredential } from '../support/etcd-datastore.ts';
import { startEtcd } from '../support/etcd.ts';
import type { EtcdServer } from '../support/etcd.ts';
import { EtcdCaller } from './etcd-caller.ts';
import type { Answer } from './etcd-caller.ts';
import { rpc } from './etcd-forms.ts';
import type { Own } from './etcd-forms.ts';
import { readEtcdProtocol } from './etcd-protocol.ts';
import type { EtcdProtocol } from './etcd-protocol.ts';

export interface EtcdTenant {
  readonly id: string;
  readonly caller: EtcdCaller;
  readonly own: Own;
  /** One that `/<id>/leased` hangs on. */
  readonly attachedLease: string;
}

/** A shared etcd with the partitions of tenants, as Marina makes them, and keys of others between them. */
export interface EtcdWorld extends AsyncDisposable {
  readonly server: EtcdServer;
  readonly protocol: EtcdProtocol;
  readonly administrator: EtcdCaller;
  readonly tenants: readonly EtcdTenant[];
}

const bystanders = [
  '/',
  '/a-/x',
  '/a./x',
  '/a1',
  '/registry/pods/x',
  '/marina/leader',
  'compact_rev_key0',
  'compact_rev_kez',
  '\xff',
];

export async function startEtcdWorld(ids: readonly string[]): Promise<EtcdWorld> {
  await using started = new AsyncDisposableStack();
  const { etcd } = await ensureBinaries(['etcd']);
  const protocol = await readEtcdProtocol(etcd);
  const server = started.use(await startEtcd());
  const administrator = started.use(new EtcdCaller(protocol, server, server.root));
  const put = (key: string, more: Answer = {}) =>
    administrator.ask({
      rpc: rpc.put,
      request: { key: Buffer.from(key, 'latin1'), value: Buffer.from('untouched'), ...more },
    });
  for (const key of bystanders) await put(key);

  const driver = started.adopt(openDataStore(rootConnection(server)), (open) => open.close());
  await driver.compact();
  const tenants: EtcdTenant[] = [];
  for (const id of ids) {
    await driver.ensurePartition(id);
    const [lease, spareLease, attachedLease] = [
      await grantLease(administrator),
      await grantLease(administrator),
      await grantLease(administrator),
    ];
    for (const name of ['key-0', 'key-1']) await put(`/${id}/${name}`);
    await put(`/${id}/leased`, { lease: attachedLease });
    const caller = started.use(new EtcdCaller(protocol, server, await tenantCredential(server, id)));
    tenants.push({ id, caller, own: { key: Buffer.from(`/${id}/key-1`), lease, spareLease }, attachedLease });
  }
  const parts = started.move();
  return { server, protocol, administrator, tenants, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** All that an administrator sees; nothing of it depends on the time. */
export async function standing({ administrator }: Pick<EtcdWorld, 'administrator'>): Promise<Answer> {
  const ask = async (name: string, request: Answer = {}) => {
    const { header, ...facts } = await administrator.ask({ rpc: `/etcdserverpb.${name}`, request });
    return { facts, revision: (header as Answer | undefined)?.['revision'] };
  };
  const everything = { key: Buffer.of(0), range_end: Buffer.of(0) };
  const { facts: keys, revision } = await ask('KV/Range', everything);
  const { facts: hash } = await ask('Maintenance/HashKV');
  const { facts: users } = await ask('Auth/UserList');
  const { facts: roles } = await ask('Auth/RoleList');
  return {
    revision,
    keys,
    hash,
    authentication: (await ask('Auth/AuthStatus')).facts,
    users: await Promise.all(namesIn(users, 'users').map((name) => ask('Auth/UserGet', { name }))),
    roles: await Promise.all(namesIn(roles, 'roles').map((role) => ask('Auth/RoleGet', { role }))),
    members: (await ask('Cluster/MemberList')).facts,
    alarms: (await ask('Maintenance/Alarm')).facts,
  };
}

function namesIn(facts: Answer, field: string): readonly string[] {
  return (facts[field] as readonly string[] | undefined) ?? [];
}

async function grantLease(administrator: EtcdCaller): Promise<string> {
  const { ID } = await administrator.ask({ rpc: '/etcdserverpb.Lease/LeaseGrant', request: { TTL: 3600 } });
  return String(ID);
}
