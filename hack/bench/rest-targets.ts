import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { collectionPath, type KubeObject } from '../../src/kube/resource.ts';
import { clusterRoles, roleBindings, serviceAccounts } from '../../src/kube/resources.ts';
import type { ManagementCluster } from '../../test/support/management-cluster.ts';
import { mintToken } from '../../test/support/service-account-token.ts';
import type { RestTarget } from './rest-load.ts';

export const ways = ['REST', 'kube-apiserver'] as const;
export type Way = (typeof ways)[number];

const who = { namespace: 'team-a', name: 'bench' };
const spec = { dataStore: 'default', kubernetes: { version: 'v1.36.3' } };
const issuer = 'https://kubernetes.default.svc.cluster.local';

/** Both ways to the control planes of a namespace, for the same user with the same rights. */
export async function targetsOf(
  { client, apiserver }: ManagementCluster,
  restUrl: string,
): Promise<Readonly<Record<Way, RestTarget>>> {
  const { metadata } = await client.create(serviceAccounts, { metadata: who });
  await client.create(clusterRoles, {
    metadata: { name: 'control-planes' },
    rules: [{ apiGroups: ['marina.dev'], resources: ['tenantcontrolplanes'], verbs: ['*'] }],
  });
  await client.create(roleBindings, {
    metadata: { namespace: who.namespace, name: who.name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'control-planes' },
    subjects: [{ kind: 'ServiceAccount', ...who }],
  });
  const issuedAt = new Date();
  const expiresAt = new Date(issuedAt.getTime() + 6 * 3_600_000);
  const claims = { ...who, uid: metadata?.uid ?? '', issuedAt, expiresAt };
  return {
    REST: {
      origin: restUrl,
      token: await mintToken(apiserver, claims),
      path: '/v1/namespaces/team-a/controlplanes',
      bodyOf: (name) => ({ name, spec }),
      patchOf: (version, turn) => ({ body: labels(turn), headers: { 'if-match': version } }),
      versionIn: ({ headers }) => String(headers['etag']),
    },
    'kube-apiserver': {
      origin: apiserver.server,
      ca: apiserver.ca.certificate,
      token: await mintToken(apiserver, { ...claims, audience: issuer }),
      path: collectionPath(tenantControlPlanes, 'team-a'),
      bodyOf: (name) => ({ apiVersion, kind: 'TenantControlPlane', metadata: { name }, spec }),
      patchOf: (resourceVersion, turn) => ({
        body: { metadata: { resourceVersion, ...labels(turn) } },
        headers: {},
      }),
      versionIn: ({ body }) => (body as KubeObject).metadata?.resourceVersion ?? '',
    },
  };
}

function labels(turn: number) {
  return { labels: { turn: `${turn}` } };
}
