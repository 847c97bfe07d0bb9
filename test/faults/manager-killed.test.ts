import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { etcdClient } from '../support/etcd-datastore.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { recordRoots } from '../support/roots-history.ts';
import { superviseMarina } from '../support/supervised-marina.ts';
import { bearableTenant, untilGone, untilReady } from '../support/tenant-life.ts';

const tenantsAtOnce = scaled(3, 10);
const rounds = scaled(1, 20);
/** Of each round, in milliseconds after the death before. Long enough to begin something, short enough to hit it. */
const livesMs = fc.array(fc.integer({ min: 300, max: 4000 }), { minLength: 1, maxLength: 4 });

describe('a Marina that is killed at random while control planes are born', () => {
  const seed = seedOr(randomInt(2 ** 31));
  const schedules = fc.sample(livesMs, { seed, numRuns: rounds });

  it(
    `brings all of them to life, each with one partition and one set of roots (seed ${seed})`,
    async () => {
      await using cluster = await startManagementCluster();
      await cluster.startMachine();
      await using roots = await recordRoots(cluster.client);
      let deaths = 0;
      for (const [round, schedule] of schedules.entries()) {
        const marina = superviseMarina({ kubeconfigPath: cluster.kubeconfigPath, identity: 'mortal' });
        await Promise.race([live(cluster, round, marina.killAfter(schedule)), marina.trouble]);
        await marina.stop();
        deaths += marina.deaths;
      }

      expect([...roots.generations.values()]).toEqual(Array(rounds * tenantsAtOnce).fill(1));
      expect(await findOrphans(cluster)).toEqual([]);
      recordFigure('manager killed during births', `${deaths} times, ${rounds} x ${tenantsAtOnce} tenants`);
    },
    rounds * 300_000,
  );
});

async function live(cluster: ManagementCluster, round: number, killing: Promise<void>): Promise<void> {
  const names = Array.from({ length: tenantsAtOnce }, (_, index) => `born-${round}-${index}`);
  const tenants = await Promise.all(names.map((name) => cluster.create(bearableTenant(name))));
  const ready = await Promise.all(tenants.map((tenant) => untilReady(cluster.client, tenant)));
  await killing;

  const ids = ready.map((tenant) => tenant.status?.runtimeId ?? '').sort();
  expect(await partitions(cluster)).toEqual(ids);
  await Promise.all(tenants.map((tenant) => untilGone(cluster.client, tenant)));
  expect(await partitions(cluster)).toEqual([]);
}

/** Users of the store that are tenants'; each has a role of its name. */
async function partitions({ etcd }: ManagementCluster): Promise<readonly string[]> {
  const administrator = etcdClient(etcd, etcd.root);
  try {
    const [users, roles] = await Promise.all([administrator.getUsers(), administrator.getRoles()]);
    const names = (all: readonly { readonly name: string }[]) =>
      all
        .map(({ name }) => name)
        .filter((name) => name !== 'root')
        .sort();
    expect(names(roles)).toEqual(names(users));
    return names(users);
  } finally {
    administrator.close();
  }
}
