import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { ConfigMap } from '../../kube/resources.ts';
import { buildKubeconfig } from '../../pki/index.ts';
import { contentHash } from '../content-hash.ts';
import { mountPaths } from '../deployment/paths.ts';
import { tenantLabels, type TenantNames } from '../names.ts';
import { apiServerPort } from '../service/build.ts';

/** Configuration files of the control plane that hold nothing secret. */
export function buildConfig(tenant: TenantControlPlane, names: TenantNames): ConfigMap {
  return {
    metadata: { name: names.config, namespace: names.namespace, labels: tenantLabels(tenant, 'config') },
    data: {
      'authentication.yaml': JSON.stringify(authenticationConfiguration(tenant), undefined, 2),
      'controller-manager.kubeconfig': componentKubeconfig(
        tenant,
        'system:kube-controller-manager',
        'controller-manager',
      ),
      'scheduler.kubeconfig': componentKubeconfig(tenant, 'system:kube-scheduler', 'scheduler'),
    },
  };
}

/** SHA-256 of what the programs read at start only; a change needs new pods. `store`: contents of what they read of the store's credential. */
export function startupFilesHash(config: ConfigMap, store: readonly string[]): string {
  const { 'controller-manager.kubeconfig': controllerManager, 'scheduler.kubeconfig': scheduler } =
    config.data ?? {};
  return contentHash([controllerManager, scheduler, ...store]).slice(0, 16);
}

/**
 * Structured authentication (KEP-3331): anonymous requests exactly for health and for what `kubeadm join` reads before
 * it trusts anything (KEP-4633).
 */
function authenticationConfiguration(tenant: TenantControlPlane): object {
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    anonymous: {
      enabled: true,
      conditions: [
        { path: '/livez' },
        { path: '/readyz' },
        { path: '/healthz' },
        { path: '/api/v1/namespaces/kube-public/configmaps/cluster-info' },
      ],
    },
    ...(tenant.spec.authentication.jwt && { jwt: tenant.spec.authentication.jwt }),
  };
}

/** Points at the API server of the same pod; certificates are files, which client-go reads anew when they change. */
function componentKubeconfig(tenant: TenantControlPlane, user: string, file: string): string {
  return buildKubeconfig({
    clusterName: tenant.metadata?.name ?? '',
    server: `https://127.0.0.1:${apiServerPort}`,
    certificateAuthorityFile: `${mountPaths.pki}/ca.crt`,
    user: {
      name: user,
      certificateFile: `${mountPaths.pki}/${file}.crt`,
      keyFile: `${mountPaths.pki}/${file}.key`,
    },
  });
}
