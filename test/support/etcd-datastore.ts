import { randomBytes } from 'node:crypto';
import { Etcd3 } from 'etcd3';
import type {
  DataStoreHarness,
  DataStoreKind,
  TenantConnection,
} from '../../src/datastore/driver.conformance.ts';
import type { EtcdConnection } from '../../src/datastore/driver.ts';
import { issueStoreAccess } from '../../src/datastore/access.ts';
import { generateKeyPair, newSerialNumber } from '../../src/pki/keys.ts';
import { validityFrom } from '../../src/pki/validity.ts';
import { createAuthority, createLeaf } from './certificates.ts';
import type { Credential } from './certificates.ts';
import {
  administration,
  notDenied,
  rangesBeside,
  rangesOf,
  reads,
  trespasses,
  writes,
} from './etcd-escapes.ts';
import type { Attempt } from './etcd-escapes.ts';
import { startEtcd } from './etcd.ts';
import type { EtcdServer } from './etcd.ts';
import { freePort } from './ports.ts';

/** What Marina knows of a DataStore. */
export function rootConnection({ endpoints, ca, root }: EtcdServer): EtcdConnection {
  return connectionAs({ endpoints, ca }, root);
}

export function connectionAs(
  { endpoints, ca }: Pick<EtcdServer, 'endpoints' | 'ca'>,
  { certificate, privateKey }: Credential,
): EtcdConnection {
  return {
    driver: 'etcd',
    endpoints,
    certificateAuthority: ca.certificate,
    clientCertificate: certificate,
    clientKey: privateKey,
  };
}

/** The credential that Marina gives a tenant's apiserver. */
export async function tenantCredential({ ca }: Pick<EtcdServer, 'ca'>, id: string): Promise<Credential> {
  const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
  const validity = validityFrom(new Date(), 60 * 60 * 1000);
  const certificate = issueStoreAccess(ca, id, {
    publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validity,
  });
  return { certificate, privateKey };
}

/** A client of etcd itself, not through the driver. */
export function etcdClient({ endpoints, ca }: Pick<EtcdServer, 'endpoints' | 'ca'>, as: Credential): Etcd3 {
  return new Etcd3({
    hosts: endpoints.map((endpoint) => `https://${endpoint}`),
    credentials: {
      rootCertificate: Buffer.from(ca.certificate),
      certChain: Buffer.from(as.certificate),
      privateKey: Buffer.from(as.privateKey),
    },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + 10_000 }),
  });
}

interface EtcdHarness extends DataStoreHarness {
  readonly administrator: Etcd3;
}

export const etcdKind: DataStoreKind = {
  name: 'etcd',
  compaction: 'shared',
  start: startHarness,
  damages: damages(),
};

async function startHarness(): Promise<EtcdHarness> {
  const server = await startEtcd();
  const administrator = etcdClient(server, server.root);
  await plantBystanders(administrator);
  const root = rootConnection(server);
  const foreign = await createAuthority('foreign-ca');
  const unused = `127.0.0.1:${await freePort()}`;
  return {
    administrator,
    root,
    partlyDead: { ...root, endpoints: [unused, ...server.endpoints] },
    faulty: {
      unreachable: { ...root, endpoints: [unused] },
      foreignCertificate: connectionAs(server, await createLeaf(foreign, { commonName: 'root' })),
      foreignServer: { ...root, certificateAuthority: foreign.certificate },
      unknownUser: connectionAs(server, await server.clientCertificateFor('nobody')),
    },
    connectTenant: (id) => connectTenant(server, administrator, id),
    snapshot: () => takeSnapshot(administrator),
    async fill(id, count) {
      for (let start = 0; start < count; start += 100) {
        const names = Array.from(
          { length: Math.min(100, count - start) },
          (_, index) => `/${id}/key-${start + index}`,
        );
        const value = Buffer.from('value');
        const success = names.map((name) => ({ request_put: { key: Buffer.from(name), value } }));
        await administrator.kv.txn({ compare: [], success });
      }
    },
    async [Symbol.asyncDispose]() {
      administrator.close();
      await server.stop();
    },
  };
}

/** Keys of nobody, beside the partitions and between them. */
async function plantBystanders(administrator: Etcd3): Promise<void> {
  const keys = [
    'a',
    '/',
    '/a',
    '/a-/x',
    '/a./x',
    '/a0',
    '/a1',
    '/b0',
    '/registry/pods/x',
    '/marina/leader',
    'compact_rev_key0',
  ];
  for (const key of keys) await administrator.put(key).value('untouched').exec();
}

async function connectTenant(
  server: EtcdServer,
  administrator: Etcd3,
  id: string,
): Promise<TenantConnection> {
  const client = etcdClient(server, await tenantCredential(server, id));
  return {
    async write(name, value) {
      await client.put(`/${id}/${name}`).value(value).exec();
    },
    async read(name) {
      return (await client.get(`/${id}/${name}`).string()) ?? undefined;
    },
    async tryToEscape(others) {
      const attempts: Record<string, Attempt> = { ...administration(id) };
      const leases: string[] = [];
      const value = Buffer.from('value');
      let ranges = rangesBeside(id);
      for (const other of others) {
        const { ID: lease } = await administrator.leaseClient.leaseGrant({ TTL: 600, ID: 0 });
        leases.push(lease);
        await administrator.kv.put({ key: Buffer.from(`/${other}/key-0`), value, lease });
        Object.assign(attempts, trespasses(id, other, lease));
        ranges = { ...ranges, ...rangesOf(other) };
      }
      for (const [place, at] of Object.entries(ranges)) {
        for (const [name, attempt] of Object.entries({ ...reads(at), ...writes(at) })) {
          attempts[`${name}: ${place}`] = attempt;
        }
      }
      const escapes = await notDenied(client, attempts);
      for (const other of others) {
        await administrator.kv.put({ key: Buffer.from(`/${other}/key-0`), value });
      }
      for (const ID of leases) await administrator.leaseClient.leaseRevoke({ ID });
      return escapes;
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}

async function takeSnapshot({ auth, kv }: Etcd3): Promise<readonly string[]> {
  const facts: string[] = [];
  for (const user of (await auth.userList()).users) {
    const { roles } = await auth.userGet({ name: user });
    facts.push(`user ${user}: ${roles.toSorted().join(' ')}`);
  }
  for (const role of (await auth.roleList()).roles) {
    facts.push(`role ${role}`);
    for (const { permType, key, range_end } of (await auth.roleGet({ role })).perm) {
      facts.push(
        `role ${role}: ${permType} ${JSON.stringify([key.toString('latin1'), range_end.toString('latin1')])}`,
      );
    }
  }
  const everything = { key: Buffer.of(0), range_end: Buffer.of(0) };
  for (const { key, value, lease } of (await kv.range(everything)).kvs) {
    // Its value follows from what else has happened.
    if (key.toString() === 'compact_rev_key') continue;
    facts.push(`key ${JSON.stringify(key.toString('latin1'))}: ${value.toString('latin1')}, lease ${lease}`);
  }
  return facts.toSorted();
}

function damages(): DataStoreKind['damages'] {
  type Damage = (administrator: Etcd3, id: string) => Promise<unknown>;
  const grant = (key: string, end: string, permType: 'Read' | 'Readwrite'): Damage => {
    const perm = { permType, key: Buffer.from(key, 'latin1'), range_end: Buffer.from(end, 'latin1') };
    return ({ auth }, id) => auth.roleGrantPermission({ name: id, perm });
  };
  const list: Record<string, Damage> = {
    'no user': ({ auth }, id) => auth.userDelete({ name: id }),
    'no role': ({ auth }, id) => auth.roleDelete({ role: id }),
    'neither user nor role': async ({ auth }, id) => {
      await auth.userDelete({ name: id });
      await auth.roleDelete({ role: id });
    },
    'a user without the role': ({ auth }, id) => auth.userRevokeRole({ name: id, role: id }),
    'a role without permissions': async ({ auth }, id) => {
      await auth.roleDelete({ role: id });
      await auth.roleAdd({ name: id });
      await auth.userGrantRole({ user: id, role: id });
    },
    'a role without permissions and no user': async ({ auth }, id) => {
      await auth.userDelete({ name: id });
      await auth.roleDelete({ role: id });
      await auth.roleAdd({ name: id });
    },
    'no permission on the compaction key': ({ auth }, id) =>
      auth.roleRevokePermission({ role: id, key: Buffer.from('compact_rev_key'), range_end: Buffer.of() }),
    'no permission on the partition': ({ auth }, id) =>
      auth.roleRevokePermission({ role: id, key: Buffer.from(`/${id}/`), range_end: Buffer.from(`/${id}0`) }),
    'read only': (administrator, id) => grant(`/${id}/`, `/${id}0`, 'Read')(administrator, id),
    'a writable compaction key': grant('compact_rev_key', '', 'Readwrite'),
    'all from the compaction key on': grant('compact_rev_key', '\0', 'Read'),
    'the whole store': grant('\0', '\0', 'Readwrite'),
    'a neighbour’s range': grant('/neighbour/', '/neighbour0', 'Read'),
    'a key that is no text': grant('\xff\xfe', '', 'Readwrite'),
    'a range open at the top': (administrator, id) => grant(`/${id}/`, '\0', 'Readwrite')(administrator, id),
    'the role root as well': ({ auth }, id) => auth.userGrantRole({ user: id, role: 'root' }),
  };
  return Object.fromEntries(
    Object.entries(list).map(([name, damage]) => [
      name,
      async (harness: DataStoreHarness, id: string) => {
        await damage((harness as EtcdHarness).administrator, id);
      },
    ]),
  );
}
