import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { compactionKey } from '../../src/datastore/etcd/partition.ts';
import { range } from '../support/etcd-escapes.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled } from '../support/form.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { Answer, Call } from './etcd-caller.ts';
import { holdsKeysBeside, keyForms, outcomeOf, tryForeignKeys, undenied } from './etcd-checks.ts';
import { rpc, watchForms } from './etcd-forms.ts';
import { fieldsSetIn } from './etcd-protocol.ts';
import { neighbourCalls, sessionCalls, storeCalls } from './etcd-store-calls.ts';
import { standing, startEtcdWorld } from './etcd-world.ts';
import type { EtcdTenant, EtcdWorld } from './etcd-world.ts';
import { shapesBeside, shapesOf } from './hostile-keys.ts';
import { RecordedWatch } from './recorded-watch.ts';
import { hostileIds } from './tenants.ts';

jest.setTimeout(600_000);

const noPassword = 'auth: authentication failed, password was given for no password user';

/**
 * What etcd lets any user do, by design: ask about itself, about members and health, and use what has no owner. An etcd that lets
 * tenants do more, or less, fails here by the name of the call.
 */
const allowedOfTheStore = {
  'list alarms': 'allowed',
  'list alarms of a kind': 'allowed',
  status: 'allowed',
  health: 'allowed',
  'health of all services': 'allowed',
  'health, watched': 'allowed',
  'list members': 'allowed',
  'list members, linearizable': 'allowed',
  'status of authentication': 'allowed',
  'read the own user': 'allowed',
  'read the own role': 'allowed',
  'grant a lease': 'allowed',
  'look at a lease without keys': 'allowed',
  'keep a lease without keys': 'allowed',
  'revoke a lease without keys': 'allowed',
  // These fail for everybody.
  'health of a service': 'unknown service',
  'grant a lease that is there': 'etcdserver: lease already exists',
  'log in as root': noPassword,
  'log in as oneself': noPassword,
};

/** Whoever knows a lease's number (64 bits, random) is told how long it lives, but not which keys hang on it. */
const allowedOfANeighbour = {
  'look at its lease': 'allowed',
  'log in as it': noPassword,
  // The election service ends its stream without a word when its own read is denied.
  'watch the leader': 'ended without an answer',
};

const ids = hostileIds(scaled(4, 20));
let world: EtcdWorld;
let attempts = 0;
let leaks = 0;
const begun = performance.now();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  world = started.use(await startEtcdWorld(ids));
});

afterAll(async () => {
  const [tenant] = world.tenants;
  const forms = Object.keys(tenant ? allCalls(tenant) : {}).length;
  const shapes = Object.keys({ ...shapesBeside('a'), ...shapesOf('a', 'b') }).length;
  const seconds = Math.round((performance.now() - begun) / 1000);
  const counts = `${ids.length} tenants, ${forms} forms, ${shapes} key shapes`;
  recordFigure('isolation on etcd', `${attempts} attempts, ${leaks} leaks (${counts}, ${seconds} s)`);
  await started.disposeAsync();
});

describe('what is tried', () => {
  const watches: readonly Call[] = [{ cancel_request: { watch_id: 1 } }, { progress_request: {} }].map(
    (request) => ({ rpc: rpc.watch, request }),
  );

  it('is every call of this etcd', () => {
    const tried = new Set(Object.values(allCalls(tenantAt(0))).map((call) => call.rpc));

    expect([...tried].toSorted()).toEqual([...world.protocol.methods.keys()].toSorted());
  });

  it('leaves out no service: all others that the program knows of are not served', async () => {
    for (const path of world.protocol.otherMethods) {
      const [service] = path.slice(1).split('/');
      await expect(tenantAt(0).caller.poke(path)).rejects.toThrow(`unknown service ${service}`);
    }
  });

  it('sets every field that a request of this etcd has', () => {
    const { methods, requestFields } = world.protocol;
    const calls = [...Object.values(allCalls(tenantAt(0))), ...watches];
    const set = new Set(calls.flatMap((call) => fieldsSetIn(methods.get(call.rpc)!, call.request)));

    expect([...requestFields].filter((field) => !set.has(field))).toEqual([]);
  });
});

describe.each(ids.map((id, index) => ({ id, index })))('tenant $id', ({ index }) => {
  it('can do nothing with a key that is not its own', async () => {
    const tenant = tenantAt(index);

    await changesNothing(async () => {
      const found = await tryForeignKeys(tenant, othersOf(tenant));
      count(found.attempts, found.escapes.length);
      expect(found.escapes).toEqual([]);
    });
  });

  it('can do to the store what is documented, and nothing else', async () => {
    const { id, own, caller } = tenantAt(index);

    await changesNothing(async () => {
      const calls = storeCalls(id, own);
      const found = await undenied(caller, calls);
      count(Object.keys(calls).length, namesBeyond(found, allowedOfTheStore));
      expect(found).toEqual(allowedOfTheStore);
    });
  });

  it('can do to each other tenant what is documented, and nothing else', async () => {
    const { id, own, caller } = tenantAt(index);

    await changesNothing(async () => {
      for (const other of othersOf(tenantAt(index))) {
        const calls = neighbourCalls(id, own, other);
        const found = await undenied(caller, calls);
        count(Object.keys(calls).length, namesBeyond(found, allowedOfANeighbour));
        expect({ other: other.id, found }).toEqual({ other: other.id, found: allowedOfANeighbour });
      }
    });
  });

  it('finds nothing in a range that runs backwards out of its own', async () => {
    const { id, own, caller } = tenantAt(index);

    await changesNothing(async () => {
      for (const end of [`/${id}`, `/${id}/`, '/', '\x01']) {
        for (const call of Object.values(keyForms({ own }, range(`/${id}/`, end)))) {
          // A watch of no keys is refused; the rest answers with nothing.
          const answer = await caller.ask(call).catch(() => ({}));
          count(1, holdsKeysBeside(own.key, answer) ? 1 : 0);
          expect(holdsKeysBeside(own.key, answer)).toBe(false);
        }
      }
    });
  });
});

// GHSA-xg4h-6gfc-h4m8: whoever could read one key could watch all later ones.
it.each(['the compaction key', 'a key of its own'])('a watch of %s sees that key alone', async (which) => {
  const { id, caller } = tenantAt(0);
  const key = which === 'the compaction key' ? compactionKey : `/${id}/key-0`;
  const later = ['/zz', 'compact_rev_key0', 'compact_rev_kez', '~', '\xff', `/${tenantAt(1).id}/key-0`];
  using everything = new RecordedWatch(world.administrator, range('\0', '\0'));
  using opened = new DisposableStack();
  const forms = Object.values(watchForms(range(key))).map(
    ({ request }) => request['create_request'] as Answer,
  );
  const watches = forms.map((request) => opened.use(new RecordedWatch(caller, request)));
  await waitUntil('all watches stand', async () => [everything, ...watches].every(({ created }) => created));

  for (const name of later) await write(name);
  await write(key);
  await world.administrator.ask({ rpc: rpc.deleteRange, request: range(key) });
  await waitUntil('each has seen the key', async () => watches.every(({ keys }) => keys.length > 0));
  await waitUntil('all was there to be seen', async () => everything.keys.length === later.length + 2);

  const seen = watches.flatMap(({ keys }) => keys);
  count(watches.length, seen.filter((name) => name !== key).length);
  expect(new Set(seen)).toEqual(new Set([key]));
  await write(key);
});

it('a tenant that cancels a watch by its number cancels its own', async () => {
  using theirs = new RecordedWatch(world.administrator, { ...range('/zz'), watch_id: 7 });
  using own = new RecordedWatch(tenantAt(0).caller, { ...range(compactionKey), watch_id: 7 });
  await waitUntil('both stand', async () => theirs.created && own.created);

  own.send({ cancel_request: { watch_id: 7 } });
  await waitUntil('its own is cancelled', async () => own.canceled);
  await write('/zz');

  await waitUntil('the other goes on', async () => theirs.keys.length === 1);
});

// What shows that it is the keys alone for which the same calls are denied above. Last: it uses up what is in a partition.
it('the very calls that are denied elsewhere are allowed on own keys', async () => {
  const { id, own, caller } = tenantAt(0);
  const everything = await caller.ask({ rpc: rpc.range, request: range(`/${id}/`, `/${id}0`) });
  expect(holdsKeysBeside(own.key, everything)).toBe(true);
  const forms = [range(`/${id}/`, `/${id}0`), range(`/${id}/key-0`)].flatMap((at) =>
    Object.entries(keyForms({ own }, at)),
  );
  for (const [name, call] of [...forms, ...Object.entries(sessionCalls(`/${id}/locks`, own.lease))]) {
    await write(`/${id}/key-0`);
    // Nobody leads yet when it proclaims.
    if (name === 'proclaim as leader') continue;
    expect({ name, outcome: await outcomeOf(caller, call) }).toEqual({ name, outcome: 'allowed' });
  }
});

function tenantAt(index: number): EtcdTenant {
  const tenant = world.tenants[index];
  if (!tenant) throw new Error(`there is no tenant ${index}`);
  return tenant;
}

function othersOf(tenant: EtcdTenant): readonly EtcdTenant[] {
  return world.tenants.filter((other) => other !== tenant);
}

function allCalls(tenant: EtcdTenant): Readonly<Record<string, Call>> {
  return {
    ...keyForms(tenant, range('/x')),
    ...keyForms(tenant, range('/x', '/y')),
    ...storeCalls(tenant.id, tenant.own),
    ...neighbourCalls(tenant.id, tenant.own, tenant),
  };
}

function count(tried: number, escaped: number): void {
  attempts += tried;
  leaks += escaped;
}

function namesBeyond(
  found: Readonly<Record<string, string>>,
  allowed: Readonly<Record<string, string>>,
): number {
  return Object.keys(found).filter((name) => !(name in allowed)).length;
}

async function changesNothing(act: () => Promise<void>): Promise<void> {
  const before = await standing(world);
  await act();
  expect(await standing(world)).toEqual(before);
}

async function write(key: string): Promise<void> {
  const request = { key: Buffer.from(key, 'latin1'), value: Buffer.from('written') };
  await world.administrator.ask({ rpc: rpc.put, request });
}
