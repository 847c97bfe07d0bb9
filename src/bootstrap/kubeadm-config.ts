import { configMaps, roleBindings, roles } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { hostAndPort } from './endpoint.ts';
import { BOOTSTRAP_TOKEN_GROUP, NODES_GROUP } from './groups.ts';
import type { BootstrapInput } from './input.ts';
import { bootstrapObject, group, mayGetConfigMap, roleRef } from './objects.ts';
import { versionFacts } from './versions.ts';
import { toYaml } from './yaml.ts';

const PHASE = 'kubeadm-config';
const CONFIG_MAP = 'kubeadm-config';
const ROLE = 'kubeadm:nodes-kubeadm-config';

/** The ClusterConfiguration that `kubeadm join` starts from (kubeadm: phases/uploadconfig). */
export function kubeadmConfig(input: BootstrapInput): readonly BootstrapObject[] {
  return [
    bootstrapObject(PHASE, configMaps, {
      metadata: { namespace: 'kube-system', name: CONFIG_MAP },
      data: { ClusterConfiguration: toYaml(clusterConfiguration(input)) },
    }),
    bootstrapObject(PHASE, roles, {
      metadata: { namespace: 'kube-system', name: ROLE },
      rules: [mayGetConfigMap(CONFIG_MAP)],
    }),
    bootstrapObject(PHASE, roleBindings, {
      metadata: { namespace: 'kube-system', name: ROLE },
      roleRef: roleRef('Role', ROLE),
      subjects: [group(BOOTSTRAP_TOKEN_GROUP), group(NODES_GROUP)],
    }),
  ];
}

/** Only what is true of a hosted control plane: its etcd, flags and certificates are none of a node's business. */
function clusterConfiguration(input: BootstrapInput): object {
  return {
    apiVersion: versionFacts(input.version, PHASE).kubeadmApiVersion,
    kind: 'ClusterConfiguration',
    clusterName: input.clusterName,
    kubernetesVersion: `v${input.version}`,
    controlPlaneEndpoint: hostAndPort(input.endpoint),
    certificatesDir: '/etc/kubernetes/pki',
    imageRepository: input.imageRepository,
    networking: {
      dnsDomain: input.clusterDomain,
      serviceSubnet: input.serviceCidrs.join(','),
      ...(input.podCidrs.length > 0 && { podSubnet: input.podCidrs.join(',') }),
    },
    dns: dns(input.addons.coreDNS),
    proxy: input.addons.kubeProxy ? {} : { disabled: true },
  };
}

function dns(addon: BootstrapInput['addons']['coreDNS']): object {
  if (!addon) return { disabled: true };
  return {
    ...(addon.imageRepository && { imageRepository: addon.imageRepository }),
    ...(addon.imageTag && { imageTag: addon.imageTag }),
  };
}
