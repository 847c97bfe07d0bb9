import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tenantControlPlanes, type TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { type Moment, readDeaths } from '../support/deadly-failpoints.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { recordFigure } from '../support/figures.ts';
import { form } from '../support/form.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { findOrphans } from '../support/orphans.ts';
import { recordRoots } from '../support/roots-history.ts';
import { superviseMarina } from '../support/supervised-marina.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { bearableTenant, untilGone, untilReady } from '../support/tenant-life.ts';
import { TenantWitness } from '../support/tenant-witness.ts';

/** Every effect of a life, from birth to deletion: one that is not met any more, or is new, is to be noticed. */
const everyEffect = readFileSync(new URL('../golden/failpoints.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '');

/** Depends on how the Events of a life fall together. */
const incidental = new Set(['management/patch/Event']);

const lifeMs = 900_000;

describe('a Marina that is killed once at every effect that it has', () => {
  const moments: readonly Moment[] =
    form === 'short' ? ['either'] : ['before', 'after', 'before', 'after', 'before', 'after'];

  it.each(moments)(
    '(%s it) leads two control planes through life all the same',
    async (moment) => {
      const deaths = await liveThrough(moment);

      expect(deaths.filter((name) => !incidental.has(name)).sort()).toEqual(everyEffect);
      recordFigure(`effects that Marina was killed at, ${moment}`, String(deaths.length));
    },
    lifeMs,
  );
});

/** Birth, work, change and deletion of two tenants, with a death at each effect. Returns where processes died. */
async function liveThrough(moment: Moment): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startManagementCluster());
  const directory = stack.use(await createTemporaryDirectory('deaths'));
  await cluster.startMachine();
  const roots = stack.use(await recordRoots(cluster.client));
  const file = path.join(directory.path, 'deaths');

  const tenants = [
    await cluster.create(bearableTenant('clean', 2)),
    await cluster.create(bearableTenant('tampered')),
  ];
  await overgrant(cluster, tenants[1]);

  const witnesses: TenantWitness[] = [];
  const marina = superviseMarina(
    { kubeconfigPath: cluster.kubeconfigPath, identity: 'mortal', deathRow: { file, moment } },
    async () => {
      for (const witness of witnesses) await witness.check();
    },
  );
  stack.defer(() => marina.kill());
  const story = async () => {
    for (const tenant of tenants) {
      const live = await untilReady(cluster.client, tenant);
      witnesses.push(stack.use(await TenantWitness.of(cluster, live)));
    }
    await reduce(cluster, tenants[0]);
    for (const witness of witnesses.splice(0)) await witness.check();
    expect([...roots.generations.values()]).toEqual([1, 1]);
    for (const tenant of tenants) await untilGone(cluster.client, tenant);
  };
  await Promise.race([story(), marina.trouble]);
  await marina.stop();

  expect([...roots.generations.values()]).toEqual([1, 1]);
  expect(await findOrphans(cluster)).toEqual([]);
  return readDeaths(file);
}

/** A user and a role of the partition's name that are there already, and may do more than they should. */
async function overgrant({ etcd }: ManagementCluster, tenant: TenantControlPlane | undefined): Promise<void> {
  const id = runtimeId(tenant?.metadata?.uid ?? '');
  const administrator = etcdClient(etcd, etcd.root);
  try {
    const { auth } = administrator;
    const everything = { key: Buffer.from('\0'), range_end: Buffer.from('\0') };
    await auth.roleAdd({ name: id });
    await auth.roleGrantPermission({ name: id, perm: { permType: 'Readwrite', ...everything } });
    await auth.userAdd({ name: id, options: { no_password: true } });
    await auth.userGrantRole({ user: id, role: 'root' });
  } finally {
    administrator.close();
  }
}

/** One replica less, and an addon switched off: what is not wanted any more has to go. */
async function reduce(cluster: ManagementCluster, tenant: TenantControlPlane | undefined): Promise<void> {
  if (!tenant) return;
  const ref = { namespace: tenant.metadata?.namespace, name: tenant.metadata?.name ?? '' };
  const body = {
    spec: { controlPlane: { deployment: { replicas: 1 } }, addons: { kubeProxy: { enabled: false } } },
  };
  await cluster.client.patch(tenantControlPlanes, ref, { type: 'merge', body });
  await untilReady(cluster.client, tenant);
}
