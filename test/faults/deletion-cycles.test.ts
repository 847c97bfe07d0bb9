import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { aTenant } from '../support/tenant.ts';
import { waitUntil } from '../support/wait-until.ts';

/** How far a control plane comes before it is deleted. */
type Stage =
  | { readonly until: 'Milliseconds'; readonly ms: number }
  | { readonly until: 'DataStoreReady' | 'CertificatesReady' | 'Workload' };

interface Cycle {
  readonly stage: Stage;
  readonly replicas: 0 | 1 | 2;
}

const stages: fc.Arbitrary<Stage> = fc.oneof(
  // While Marina puts its finalizer on.
  fc.record({ until: fc.constant('Milliseconds' as const), ms: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ until: fc.constant('Milliseconds' as const), ms: fc.integer({ min: 0, max: 800 }) }),
  fc.record({ until: fc.constantFrom('DataStoreReady', 'CertificatesReady', 'Workload') }),
);
const cycles: fc.Arbitrary<Cycle> = fc.record({ stage: stages, replicas: fc.constantFrom(0, 1, 2) });

/** Cycles at once, each under a name of its own that is used again and again. */
const lanes = 5;
const total = scaled(20, 500);
const seed = seedOr(Math.floor(Math.random() * 2 ** 31));

describe(`${total} control planes that are made and deleted at any stage of their birth (MARINA_SEED=${seed})`, () => {
  let cluster: ManagementCluster;
  let stopMarina: () => Promise<void>;
  let before: StoreCounts;

  beforeAll(async () => {
    cluster = await startManagementCluster();
    await cluster.startMachine({ processes: [] });
    before = await countStore();
    stopMarina = await cluster.startMarina();
  }, 120_000);

  afterAll(async () => {
    await stopMarina();
    await cluster[Symbol.asyncDispose]();
  }, 60_000);

  it(
    'leave nothing, be Marina restarted all the while or not',
    async () => {
      const plan = fc.sample(cycles, { numRuns: total, seed });
      const half = Math.floor(total / 2);
      await liveAndDie(plan.slice(0, half));

      const settled = new AbortController();
      const restarting = restartUntil(settled.signal);
      await liveAndDie(plan.slice(half)).finally(() => settled.abort());
      await restarting;

      // What a DELETE took away in spite of its new finalizer is cleared behind it.
      await waitUntil('nothing is left', async () => (await findOrphans(cluster)).length === 0).catch(
        () => {},
      );
      expect(await findOrphans(cluster)).toEqual([]);
      expect(await countStore()).toEqual(before);
      recordFigure('create/delete cycles', `${total}, orphans 0`);
    },
    scaled(120_000, 3_600_000),
  );

  async function liveAndDie(plan: readonly Cycle[]): Promise<void> {
    const waiting = [...plan];
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        for (let cycle = waiting.shift(); cycle; cycle = waiting.shift()) await run(cycle, `lane-${lane}`);
      }),
    );
  }

  async function run({ stage, replicas }: Cycle, name: string): Promise<void> {
    const controlPlane = {
      service: { serviceType: 'NodePort' as const },
      deployment: { replicas },
    };
    const tenant = await cluster.create(aTenant({ controlPlane }, { name }));
    await reach(tenant, stage);
    const ref = { namespace: 'team-a', name };
    await cluster.client.delete(tenantControlPlanes, ref, { uid: tenant.metadata?.uid });
    await waitUntil(
      `${name} is gone`,
      async () => !(await cluster.client.get(tenantControlPlanes, ref)),
      60_000,
    );
  }

  async function reach(tenant: TenantControlPlane, stage: Stage): Promise<void> {
    if (stage.until === 'Milliseconds') {
      const at = performance.now() + stage.ms;
      await waitUntil('the moment', () => Promise.resolve(performance.now() >= at));
      return;
    }
    await cluster.tenantWhere(tenant, (live) => {
      const { conditions } = live.status ?? {};
      if (stage.until !== 'Workload') return findCondition(conditions, stage.until)?.status === 'True';
      return (
        (findCondition(conditions, 'WorkloadReady')?.reason ?? 'DeploymentPending') !== 'DeploymentPending'
      );
    });
  }

  async function restartUntil(signal: AbortSignal): Promise<void> {
    const pauses = fc.sample(fc.integer({ min: 200, max: 1_500 }), { numRuns: 10_000, seed });
    for (const ms of pauses) {
      const at = performance.now() + ms;
      await waitUntil('the next restart', () => Promise.resolve(signal.aborted || performance.now() >= at));
      if (signal.aborted) return;
      await stopMarina();
      stopMarina = await cluster.startMarina();
    }
  }

  interface StoreCounts {
    readonly users: number;
    readonly roles: number;
    readonly keys: number;
  }

  async function countStore(): Promise<StoreCounts> {
    const client = etcdClient(cluster.etcd, cluster.etcd.root);
    try {
      const prefixed = { key: Buffer.from('/'), range_end: Buffer.from('0'), count_only: true };
      const [{ users }, { roles }, { count }] = await Promise.all([
        client.auth.userList(),
        client.auth.roleList(),
        client.kv.range(prefixed),
      ]);
      return { users: users.length, roles: roles.length, keys: Number(count) };
    } finally {
      client.close();
    }
  }
});
