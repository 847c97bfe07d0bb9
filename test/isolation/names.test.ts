import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { labels, tenantLabels, tenantNames } from '../../src/controlplane/names.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { requirePartitionId } from '../../src/datastore/partition-id.ts';
import { postgresPartition } from '../../src/datastore/postgres/partition.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { aTenant } from '../support/tenant.ts';
import { findNameFaults } from './name-checks.ts';
import { hostileNames } from './tenants.ts';

jest.setTimeout(300_000);

const total = scaled(100_000, 1_000_000);
const seed = seedOr(1);
let collided = 0;

afterAll(() => recordFigure('names', `${total} runtime ids, ${collided} collisions (seed ${seed})`));

interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

describe(`runtime ids of ${total} tenants (MARINA_SEED=${seed})`, () => {
  const ids = Array.from({ length: total }, (_, index) => runtimeId(uidOf(index)));

  it('never collide, and none is where another one begins', () => {
    const faults = findNameFaults(ids);
    collided = faults.collisions.length;

    expect(faults).toEqual({ collisions: [], prefixes: [], overlaps: [] });
  });

  it('are ids for every kind of store, and fit wherever a name has 63 octets', () => {
    for (const id of ids) {
      requirePartitionId(id, 'test: name');
      if (id.length > 63 - '-certificates'.length)
        throw new Error(`${id} is too long for what is named after it`);
    }
  });
});

// Namespace and name joined to one, as others did it, is one name for two tenants; or one that a store cuts off.
describe('tenants that could be taken for one another', () => {
  const long = 'x'.repeat(63);
  const pairs: readonly (readonly [string, string])[][] = [
    [
      ['a-b', 'c'],
      ['a', 'b-c'],
    ],
    [
      ['a', 'b'],
      ['b', 'a'],
    ],
    [
      ['a', 'aa'],
      ['aa', 'a'],
    ],
    [
      ['default', 'demo'],
      ['default-demo', 'demo'],
    ],
    [
      [long, `${long.slice(1)}1`],
      [long, `${long.slice(1)}2`],
    ],
    [
      [long, 'a'],
      [long, 'b'],
    ],
    [
      ['kube-system', 'root'],
      ['kube', 'system-root'],
    ],
  ];

  it.each(pairs)('%j and %j have nothing in common', (...pair) => {
    const [first = [], second = []] = pair.map(([namespace, name], index) =>
      namesOf({ namespace, name, uid: uidOf(index) }),
    );

    expect(first.filter((name) => second.includes(name))).toEqual([]);
  });

  it('a tenant and the one of its name before it have nothing in common but the user’s kubeconfig', () => {
    const [first = [], second = []] = [0, 1].map((index) =>
      namesOf({ namespace: 'a', name: 'demo', uid: uidOf(index) }),
    );

    expect(first.filter((name) => second.includes(name))).toEqual([]);
  });
});

it.each(hostileNames)('%j names no partition of any store', (name) => {
  for (const partition of [etcdPartition, postgresPartition]) {
    expect(() => partition(name)).toThrow(expect.objectContaining({ code: 'Unsupported' }));
  }
});

describe('UIDs that differ by one bit', () => {
  it('make ids that differ, wherever the bit is', () => {
    const zero = 0n;
    const flipped = Array.from({ length: 128 }, (_, bit) => uuidOf(zero | (1n << BigInt(bit))));

    const faults = findNameFaults([uuidOf(zero), ...flipped].map(runtimeId));

    expect(faults).toEqual({ collisions: [], prefixes: [], overlaps: [] });
  });
});

describe('the checks themselves notice', () => {
  it.each([
    ['a collision', ['a', 'b', 'a'], { collisions: ['a'] }],
    ['an id that begins another', ['ta', 'tab', 'b'], { prefixes: ['ta'] }],
    [
      'ids that are cut off',
      Array.from({ length: 5000 }, (_, index) => runtimeId(uidOf(index)).slice(0, 5)),
      {},
    ],
  ])('%s', (_, ids, expected) => {
    const faults = findNameFaults(ids);

    expect(faults).toMatchObject(expected);
    expect(faults.collisions.length + faults.prefixes.length).toBeGreaterThan(0);
  });
});

/** All that a tenant's runtime id names, in the management cluster and in a store of each kind. */
function namesOf({ namespace, name, uid }: Named): readonly string[] {
  const tenant = aTenant({}, { namespace, name, uid });
  const { namespace: home, adminKubeconfig, ...names } = tenantNames(tenant, 'marina-tenants');
  const id = names.runtimeId;
  const { [labels.runtimeId]: label = '' } = tenantLabels(tenant, 'x');
  const { prefix, end, name: user } = etcdPartition(id);
  const objects = Object.values(names);
  for (const each of [...objects, label]) expect(each).toMatch(/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/);
  expect(home).toBe('marina-tenants');
  expect(adminKubeconfig).toBe(`${name}-kubeconfig`);
  return [...objects, label, prefix, end, user, postgresPartition(id).name];
}

/** Version 4, as an API server makes them, the same in every run. */
function uidOf(index: number): string {
  const digest = createHash('sha256').update(`${seed}/${index}`).digest().subarray(0, 16);
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x40;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return uuidOf(BigInt(`0x${digest.toString('hex')}`));
}

function uuidOf(bits: bigint): string {
  const hex = bits.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
