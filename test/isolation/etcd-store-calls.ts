import type { Call } from './etcd-caller.ts';
import type { Own } from './etcd-forms.ts';

type Calls = Readonly<Record<string, Call>>;
type Request = Call['request'];

const text = (key: string) => Buffer.from(key, 'latin1');
const everything = { permType: 'READWRITE', key: Buffer.of(0), range_end: Buffer.of(0) } as const;

/** All that is not about a key: the store, its members, users and roles, and what the caller may ask about itself. */
export function storeCalls(id: string, own: Own): Calls {
  return { ...maintenanceCalls(), ...memberCalls(), ...authCalls(id), ...leaseCalls(own) };
}

function maintenanceCalls(): Calls {
  return {
    compact: kv('Compact', { revision: 1 }),
    'compact, and wait for the disk': kv('Compact', { revision: 1, physical: true }),
    'list alarms': maintenance('Alarm', { action: 'GET' }),
    'list alarms of a kind': maintenance('Alarm', { action: 'GET', alarm: 'NOSPACE' }),
    'raise an alarm': maintenance('Alarm', { action: 'ACTIVATE', memberID: 1, alarm: 'NOSPACE' }),
    'raise a corruption alarm': maintenance('Alarm', { action: 'ACTIVATE', alarm: 'CORRUPT' }),
    'lift an alarm': maintenance('Alarm', { action: 'DEACTIVATE', alarm: 'NOSPACE' }),
    status: maintenance('Status'),
    defragment: maintenance('Defragment'),
    'hash of the file': maintenance('Hash'),
    'hash of the keys': maintenance('HashKV'),
    'hash of the keys of the past': maintenance('HashKV', { revision: 2 }),
    snapshot: maintenance('Snapshot'),
    'move the leader': maintenance('MoveLeader', { targetID: 1 }),
    'validate a downgrade': maintenance('Downgrade', { action: 'VALIDATE', version: '3.6.0' }),
    'enable a downgrade': maintenance('Downgrade', { action: 'ENABLE', version: '3.6.0' }),
    'cancel a downgrade': maintenance('Downgrade', { action: 'CANCEL' }),
    health: { rpc: '/grpc.health.v1.Health/Check', request: {} },
    'health of a service': { rpc: '/grpc.health.v1.Health/Check', request: { service: 'etcdserverpb.KV' } },
    'health of all services': { rpc: '/grpc.health.v1.Health/List', request: {} },
    'health, watched': { rpc: '/grpc.health.v1.Health/Watch', request: {} },
  };
}

function memberCalls(): Calls {
  return {
    'list members': cluster('MemberList'),
    'list members, linearizable': cluster('MemberList', { linearizable: true }),
    'add a member': cluster('MemberAdd', { peerURLs: ['http://127.0.0.1:1'] }),
    'add a learner': cluster('MemberAdd', { peerURLs: ['http://127.0.0.1:1'], isLearner: true }),
    'remove a member': cluster('MemberRemove', { ID: 1 }),
    'move a member': cluster('MemberUpdate', { ID: 1, peerURLs: ['http://127.0.0.1:1'] }),
    'promote a member': cluster('MemberPromote', { ID: 1 }),
  };
}

function authCalls(id: string): Calls {
  const hash = '$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy';
  return {
    'turn authentication on': auth('AuthEnable'),
    'turn authentication off': auth('AuthDisable'),
    'status of authentication': auth('AuthStatus'),
    'log in as root': auth('Authenticate', { name: 'root', password: '' }),
    'log in as oneself': auth('Authenticate', { name: id, password: '' }),
    'list users': auth('UserList'),
    'list roles': auth('RoleList'),
    'read the own user': auth('UserGet', { name: id }),
    'read the own role': auth('RoleGet', { role: id }),
    'read the user root': auth('UserGet', { name: 'root' }),
    'read the role root': auth('RoleGet', { role: 'root' }),
    'add a user': auth('UserAdd', { name: 'intruder', options: { no_password: true } }),
    'add a user with a password': auth('UserAdd', { name: 'intruder', password: 'x' }),
    'add a user with a hash': auth('UserAdd', { name: 'intruder', hashedPassword: hash }),
    'add a role': auth('RoleAdd', { name: 'intruder' }),
    'delete the user root': auth('UserDelete', { name: 'root' }),
    'delete the role root': auth('RoleDelete', { role: 'root' }),
    'delete oneself': auth('UserDelete', { name: id }),
    'delete the own role': auth('RoleDelete', { role: id }),
    'give root a password': auth('UserChangePassword', { name: 'root', password: 'x' }),
    'give oneself a password': auth('UserChangePassword', { name: id, password: 'x' }),
    'give oneself a hash': auth('UserChangePassword', { name: id, hashedPassword: hash }),
    'become root': auth('UserGrantRole', { user: id, role: 'root' }),
    'take the role of root': auth('UserRevokeRole', { name: 'root', role: 'root' }),
    'leave the own role': auth('UserRevokeRole', { name: id, role: id }),
    'widen the own role': auth('RoleGrantPermission', { name: id, perm: everything }),
    'narrow the own role': auth('RoleRevokePermission', {
      role: id,
      key: text(`/${id}/`),
      range_end: text(`/${id}0`),
    }),
  };
}

/** Leases belong to nobody until keys hang on them; whoever knows the number of one may use it. */
function leaseCalls({ lease, spareLease }: Own): Calls {
  return {
    'grant a lease': leases('LeaseGrant', { TTL: 600 }),
    'grant a lease that is there': leases('LeaseGrant', { TTL: 600, ID: lease }),
    'list leases': leases('LeaseLeases'),
    'look at a lease without keys': leases('LeaseTimeToLive', { ID: lease, keys: true }),
    'keep a lease without keys': leases('LeaseKeepAlive', { ID: lease }),
    'revoke a lease without keys': leases('LeaseRevoke', { ID: spareLease }),
  };
}

/** What would tell about neighbour `other` or harm it; `lease` is one that a key of its hangs on. */
export function neighbourCalls(
  id: string,
  own: Own,
  other: { readonly id: string; readonly attachedLease: string },
): Calls {
  const lease = other.attachedLease;
  return {
    'read its user': auth('UserGet', { name: other.id }),
    'read its role': auth('RoleGet', { role: other.id }),
    'delete its user': auth('UserDelete', { name: other.id }),
    'delete its role': auth('RoleDelete', { role: other.id }),
    'give it a password': auth('UserChangePassword', { name: other.id, password: 'x' }),
    'log in as it': auth('Authenticate', { name: other.id, password: '' }),
    'take its role': auth('UserGrantRole', { user: id, role: other.id }),
    'lock it out': auth('UserRevokeRole', { name: other.id, role: other.id }),
    'widen its role': auth('RoleGrantPermission', { name: other.id, perm: everything }),
    'revoke its lease': leases('LeaseRevoke', { ID: lease }),
    'look at its lease': leases('LeaseTimeToLive', { ID: lease }),
    'list the keys of its lease': leases('LeaseTimeToLive', { ID: lease, keys: true }),
    'keep its lease': leases('LeaseKeepAlive', { ID: lease }),
    'hang an own key on its lease': kv('Put', { key: own.key, value: text('x'), lease }),
    'hang an own key on its lease in a transaction': kv('Txn', {
      success: [{ request_put: { key: own.key, value: text('x'), lease } }],
    }),
    ...sessionCalls(`/${other.id}/locks`, lease),
  };
}

/** Services on top of keys: they write and watch below a name, with etcd's own client inside the server. */
export function sessionCalls(name: string, lease: string): Calls {
  const leader = { name: text(name), key: text(`${name}/1`), rev: 1, lease };
  return {
    lock: { rpc: '/v3lockpb.Lock/Lock', request: { name: text(name), lease } },
    unlock: { rpc: '/v3lockpb.Lock/Unlock', request: { key: text(`${name}/1`) } },
    'stand for election': election('Campaign', { name: text(name), lease, value: text('x') }),
    'proclaim as leader': election('Proclaim', { leader, value: text('x') }),
    'ask for the leader': election('Leader', { name: text(name) }),
    'watch the leader': election('Observe', { name: text(name) }),
    'resign for the leader': election('Resign', { leader }),
  };
}

const kv = (name: string, request: Request = {}): Call => ({ rpc: `/etcdserverpb.KV/${name}`, request });
const leases = (name: string, request: Request = {}): Call => ({
  rpc: `/etcdserverpb.Lease/${name}`,
  request,
});
const cluster = (name: string, request: Request = {}): Call => ({
  rpc: `/etcdserverpb.Cluster/${name}`,
  request,
});
const maintenance = (name: string, request: Request = {}): Call => ({
  rpc: `/etcdserverpb.Maintenance/${name}`,
  request,
});
const auth = (name: string, request: Request = {}): Call => ({ rpc: `/etcdserverpb.Auth/${name}`, request });
const election = (name: string, request: Request = {}): Call => ({
  rpc: `/v3electionpb.Election/${name}`,
  request,
});
