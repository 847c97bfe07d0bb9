import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { tenantKubeconfigs } from '../../src/api/v1alpha1/tenant-kubeconfig.ts';
import { groupPrefix, ownGroup } from '../../src/kubeconfig/names.ts';
import { refOf } from '../../src/kube/resource.ts';
import { clusterRoleBindings, roleBindings, secrets } from '../../src/kube/resources.ts';
import { type Moment, readDeaths } from '../support/deadly-failpoints.ts';
import { recordFigure } from '../support/figures.ts';
import { form } from '../support/form.ts';
import { aKubeconfig, createKubeconfig, fileOf, isIssued, kubeconfigWhere } from '../support/kubeconfigs.ts';
import { startManagementCluster } from '../support/management-cluster.ts';
import { superviseMarina } from '../support/supervised-marina.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { bearableTenant, untilReady } from '../support/tenant-life.ts';
import { waitUntil } from '../support/wait-until.ts';

/** Every effect of two kubeconfigs, from issue to revocation. */
const everyEffect = [
  'management/apply/TenantKubeconfig/status',
  'management/create/Secret/kubeconfig',
  'management/delete/Secret/kubeconfig',
  'management/patch/Secret/kubeconfig',
  'management/patch/TenantKubeconfig',
  'tenant/apply/ClusterRoleBinding/marina:kubeconfig:',
  'tenant/apply/RoleBinding/marina:kubeconfig:',
  'tenant/delete/ClusterRoleBinding/marina:kubeconfig:',
  'tenant/delete/RoleBinding/marina:kubeconfig:',
];

/** For a Marina that starts anew again and again. */
const patienceMs = 180_000;

describe('a Marina that is killed once at every effect of kubeconfigs', () => {
  const moments: readonly Moment[] = form === 'short' ? ['either'] : ['before', 'after'];

  it.each(moments)(
    '(%s it) issues them once, and leaves nothing of those that are deleted',
    async (moment) => {
      const deaths = await liveThrough(moment);

      const names = deaths.map((name) => name.replace(new RegExp(`${groupPrefix}.*`), groupPrefix));
      expect([...new Set(names)].sort()).toEqual(expect.arrayContaining(everyEffect));
      recordFigure(`effects of kubeconfigs that Marina was killed at, ${moment}`, String(deaths.length));
    },
    600_000,
  );
});

/** Returns where processes died. */
async function liveThrough(moment: Moment): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startManagementCluster());
  const directory = stack.use(await createTemporaryDirectory('deaths'));
  const file = path.join(directory.path, 'deaths');
  await cluster.startMachine();
  const stop = await cluster.startMarina();
  const tenant = await untilReady(cluster.client, await cluster.create(bearableTenant('demo')));
  await stop();

  const marina = superviseMarina({
    kubeconfigPath: cluster.kubeconfigPath,
    identity: 'mortal',
    deathRow: { file, moment, deathsAt: { 'management/patch/Secret/kubeconfig': 3 } },
  });
  stack.defer(() => marina.kill());
  const admin = await cluster.adminOf(tenant);
  stack.defer(() => admin.close());
  const story = async () => {
    const both = [
      aKubeconfig({ clusterRole: 'view' }, { name: 'everywhere' }),
      aKubeconfig({ clusterRole: 'edit', namespaces: ['default'] }, { name: 'somewhere' }),
    ];
    for (const each of both) {
      const created = await createKubeconfig(cluster.client, each);
      const issued = await kubeconfigWhere(cluster.client, created, isIssued, patienceMs);
      const certificate = await fileOf(cluster.client, issued);
      expect(certificate).toContain('client-key-data');
      await cluster.client.delete(tenantKubeconfigs, refOf(issued));
      await waitUntil(
        `${each.metadata?.name} is gone`,
        async () => !(await cluster.client.get(tenantKubeconfigs, refOf(issued))),
        patienceMs,
      );
      const name = ownGroup(issued);
      expect(await admin.get(clusterRoleBindings, { name })).toBeUndefined();
      expect(await admin.get(roleBindings, { namespace: 'default', name })).toBeUndefined();
      expect(
        await cluster.client.get(secrets, { namespace: 'team-a', name: issued.status?.secret?.name ?? '' }),
      ).toBeUndefined();
    }
  };
  await Promise.race([story(), marina.trouble]);
  await marina.stop();
  return readDeaths(file);
}
