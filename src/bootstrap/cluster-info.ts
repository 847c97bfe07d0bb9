import { configMaps, roleBindings, roles } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { serverUrl, type Endpoint } from './endpoint.ts';
import type { BootstrapInput } from './input.ts';
import { bootstrapObject, mayGetConfigMap, roleRef, user } from './objects.ts';
import { toYaml } from './yaml.ts';

const PHASE = 'cluster-info';
export const CLUSTER_INFO = { namespace: 'kube-public', name: 'cluster-info' } as const;
const ROLE = 'kubeadm:bootstrap-signer-clusterinfo';

/**
 * What a machine that knows only a token reads first, without a credential (kubeadm: phases/bootstraptoken/clusterinfo).
 * Marina owns `data.kubeconfig` alone: the `jws-kubeconfig-<token id>` keys beside it are those of the
 * kube-controller-manager's bootstrapsigner.
 */
export function clusterInfo(input: BootstrapInput): readonly BootstrapObject[] {
  return [
    bootstrapObject(PHASE, configMaps, {
      metadata: CLUSTER_INFO,
      data: { kubeconfig: clusterInfoKubeconfig(input.endpoint, input.certificateAuthority) },
    }),
    bootstrapObject(PHASE, roles, {
      metadata: { namespace: CLUSTER_INFO.namespace, name: ROLE },
      rules: [mayGetConfigMap(CLUSTER_INFO.name)],
    }),
    bootstrapObject(PHASE, roleBindings, {
      metadata: { namespace: CLUSTER_INFO.namespace, name: ROLE },
      roleRef: roleRef('Role', ROLE),
      subjects: [user('system:anonymous')],
    }),
  ];
}

/** A kubeconfig with one nameless cluster and no user, as kubeadm's token discovery expects it. */
export function clusterInfoKubeconfig(endpoint: Endpoint, certificateAuthority: string): string {
  const cluster = {
    'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64'),
    server: serverUrl(endpoint),
  };
  return toYaml({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] });
}
