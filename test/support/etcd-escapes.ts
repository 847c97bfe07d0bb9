import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import type { Etcd3, IRequestOp } from 'etcd3';

/** Keys from `key` up to, not including, `end`; the one key without `end`, and all keys from `key` on where it is one zero octet. */
export type KeyRange = {
  readonly key: Buffer;
  readonly range_end?: Buffer;
};

export type Attempt = (client: Etcd3) => Promise<unknown>;

/** Keys that every client may try for: before, between and after partitions, and those that have a meaning. */
const bareKeys = [
  '\0',
  '/',
  'a',
  'compact_rev_kex',
  'compact_rev_key0',
  '/registry/pods/x',
  '/marina/leader',
  '\xff',
];

export function range(key: string, end?: string): KeyRange {
  const start = Buffer.from(key, 'latin1');
  return end === undefined ? { key: start } : { key: start, range_end: Buffer.from(end, 'latin1') };
}

/** Where a neighbour's data is. */
export function rangesOf(target: string): Readonly<Record<string, KeyRange>> {
  return {
    [`all of ${target}`]: range(`/${target}/`, `/${target}0`),
    [`one key of ${target}`]: range(`/${target}/key-0`),
  };
}

/** Ranges that lie outside partition `id`, or stick out of it. */
export function rangesBeside(id: string): Readonly<Record<string, KeyRange>> {
  return {
    'the prefix as a key': range(`/${id}`),
    'the whole store': range('\0', '\0'),
    'from the own start on': range(`/${id}/`, '\0'),
    'from the start to the own end': range('\0', `/${id}0`),
    'one key further than the own end': range(`/${id}/`, `/${id}0\0`),
    'all that begins alike': range(`/${id}`, `/${id}\xff`),
    'a sibling with a hyphen': range(`/${id}-/x`),
    'a sibling with a dot': range(`/${id}./x`),
    'the key after the own range': range(`/${id}0`),
    'all after the compaction key': range('compact_rev_key', '\0'),
    'the compaction key and the next': range('compact_rev_key', 'compact_rev_key0'),
    ...Object.fromEntries(bareKeys.map((key) => [`the key ${JSON.stringify(key)}`, range(key)])),
  };
}

/** Every way to read. */
export function reads(at: KeyRange): Readonly<Record<string, Attempt>> {
  const get: IRequestOp = { request_range: at };
  return {
    range: ({ kv }) => kv.range(at),
    'serializable range': ({ kv }) => kv.range({ ...at, serializable: true }),
    count: ({ kv }) => kv.range({ ...at, count_only: true }),
    'sorted and limited range': ({ kv }) =>
      kv.range({ ...at, limit: 1, sort_order: 'Descend', keys_only: true }),
    compare: ({ kv }) => kv.txn({ compare: [{ ...at, target: 'Version', result: 'Greater', version: 0 }] }),
    'range in a transaction': ({ kv }) => kv.txn({ success: [get] }),
    'range in the branch not taken': ({ kv }) => kv.txn({ failure: [get] }),
    'range three transactions deep': ({ kv }) => kv.txn(nested(get)),
    watch: (client) => watch(client, at),
    'watch from revision 1': (client) => watch(client, at, '1'),
  };
}

/** Every way to write. Puts hit the first key. */
export function writes(at: KeyRange): Readonly<Record<string, Attempt>> {
  const { key } = at;
  const value = Buffer.from('escaped');
  const put: IRequestOp = { request_put: { key, value, prev_kv: true } };
  const deletion: IRequestOp = { request_delete_range: { ...at, prev_kv: true } };
  return {
    delete: ({ kv }) => kv.deleteRange({ ...at, prev_kv: true }),
    'delete in a transaction': ({ kv }) => kv.txn({ success: [deletion] }),
    'delete in the branch not taken': ({ kv }) => kv.txn({ failure: [deletion] }),
    'delete three transactions deep': ({ kv }) => kv.txn(nested(deletion)),
    // The first key of the ranges that stick out may be the tenant's own.
    ...(at.range_end === undefined && {
      put: ({ kv }) => kv.put({ key, value }),
      'put that returns the old value': ({ kv }) => kv.put({ key, value, prev_kv: true }),
      'put in a transaction': ({ kv }) => kv.txn({ success: [put] }),
      'put in the branch not taken': ({ kv }) => kv.txn({ failure: [put] }),
      'put three transactions deep': ({ kv }) => kv.txn(nested(put)),
      'put with a lease': async ({ kv, leaseClient }) => {
        const { ID } = await leaseClient.leaseGrant({ TTL: 60, ID: 0 });
        try {
          await kv.put({ key, value, lease: ID });
        } finally {
          await leaseClient.leaseRevoke({ ID });
        }
      },
    }),
  };
}

/** What only the store's administrator may do. */
export function administration(id: string): Readonly<Record<string, Attempt>> {
  return {
    compact: ({ kv }) => kv.compact({ revision: 1 }),
    'take a snapshot': async ({ maintenance }) =>
      once((await maintenance.snapshot()) as unknown as Readable, 'data'),
    defragment: ({ maintenance }) => maintenance.defragment(),
    'hash the store': ({ maintenance }) => maintenance.hash(),
    'raise an alarm': ({ maintenance }) => maintenance.alarm({ action: 'Activate', alarm: 'Nospace' }),
    'move the leader': ({ maintenance }) => maintenance.moveLeader({ targetID: 1 }),
    downgrade: ({ maintenance }) => maintenance.downgrade({ action: 'Validate', version: '3.6.0' }),
    'add a member': ({ cluster }) => cluster.memberAdd({ peerURLs: ['http://127.0.0.1:1'] }),
    'remove a member': ({ cluster }) => cluster.memberRemove({ ID: '1' }),
    'turn authentication off': ({ auth }) => auth.authDisable(),
    'list users': ({ auth }) => auth.userList(),
    'list roles': ({ auth }) => auth.roleList(),
    'add a user': ({ auth }) => auth.userAdd({ name: 'intruder', options: { no_password: true } }),
    'add a role': ({ auth }) => auth.roleAdd({ name: 'intruder' }),
    'set root’s password': ({ auth }) => auth.userChangePassword({ name: 'root', password: 'x' }),
    'become root': ({ auth }) => auth.userGrantRole({ user: id, role: 'root' }),
    'widen the own role': ({ auth }) => auth.roleGrantPermission({ name: id, perm: everything }),
  };
}

const everything = { permType: 'Readwrite', key: Buffer.of(0), range_end: Buffer.of(0) } as const;

/** What would tell about a neighbour or harm it. `lease` is one that a key of it hangs on. */
export function trespasses(id: string, target: string, lease: string): Readonly<Record<string, Attempt>> {
  return {
    [`read the user ${target}`]: ({ auth }) => auth.userGet({ name: target }),
    [`read the role ${target}`]: ({ auth }) => auth.roleGet({ role: target }),
    [`delete the user ${target}`]: ({ auth }) => auth.userDelete({ name: target }),
    [`delete the role ${target}`]: ({ auth }) => auth.roleDelete({ role: target }),
    [`take the role ${target}`]: ({ auth }) => auth.userGrantRole({ user: id, role: target }),
    [`revoke a lease of ${target}`]: ({ leaseClient }) => leaseClient.leaseRevoke({ ID: lease }),
    [`read the keys of a lease of ${target}`]: ({ leaseClient }) =>
      leaseClient.leaseTimeToLive({ ID: lease, keys: true }),
    [`put with a lease of ${target}`]: ({ kv }) =>
      kv.put({ key: Buffer.from(`/${target}/key-0`), value: Buffer.from('escaped'), lease }),
  };
}

/** Runs all of them; names those that etcd did anything else to than deny, with what it said. */
export async function notDenied(
  client: Etcd3,
  attempts: Readonly<Record<string, Attempt>>,
): Promise<readonly string[]> {
  const escapes: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    const outcome = await attempt(client).then(
      () => 'allowed',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (!outcome.includes('etcdserver: permission denied')) escapes.push(`${name}: ${outcome}`);
  }
  return escapes;
}

function nested(operation: IRequestOp) {
  const inner = { compare: [], success: [operation], failure: [] };
  const middle = { compare: [], success: [{ request_txn: inner }], failure: [{ request_txn: inner }] };
  return { compare: [], success: [{ request_txn: middle }], failure: [] };
}

/** Resolves when the watch stands; etcd answers a watch that it refuses by cancelling it in its first message. */
async function watch(client: Etcd3, at: KeyRange, revision = '0'): Promise<void> {
  const stream = (await client.watchClient.watch()) as unknown as Duplex;
  try {
    stream.write({ create_request: { ...at, start_revision: revision } });
    const [first] = (await once(stream, 'data')) as [{ canceled: boolean; cancel_reason: string }];
    if (first.canceled) throw new Error(first.cancel_reason);
  } finally {
    stream.on('error', () => undefined);
    stream.destroy();
  }
}
