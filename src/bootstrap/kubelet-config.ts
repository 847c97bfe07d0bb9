import { configMaps, roleBindings, roles } from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { BOOTSTRAP_TOKEN_GROUP, NODES_GROUP } from './groups.ts';
import type { BootstrapInput } from './input.ts';
import { patched, type Configuration } from './json-patch.ts';
import { bootstrapObject, group, mayGetConfigMap, roleRef } from './objects.ts';
import { toYaml } from './yaml.ts';

const PHASE = 'kubelet-config';
const CONFIG_MAP = 'kubelet-config';
const ROLE = 'kubeadm:kubelet-config';

/**
 * The configuration that every joining kubelet starts with (kubeadm: phases/kubelet, componentconfigs/kubelet.go).
 * @throws BootstrapError `PatchFailed`
 */
export function kubeletConfig(input: BootstrapInput): readonly BootstrapObject[] {
  const configuration = patched(
    {
      phase: PHASE,
      field: 'spec.kubernetes.kubelet.configurationPatches',
      document: kubeletConfiguration(input),
    },
    input.kubelet.patches,
  );
  return [
    bootstrapObject(PHASE, configMaps, {
      metadata: { namespace: 'kube-system', name: CONFIG_MAP },
      data: { kubelet: toYaml(configuration) },
    }),
    bootstrapObject(PHASE, roles, {
      metadata: { namespace: 'kube-system', name: ROLE },
      rules: [mayGetConfigMap(CONFIG_MAP)],
    }),
    bootstrapObject(PHASE, roleBindings, {
      metadata: { namespace: 'kube-system', name: ROLE },
      roleRef: roleRef('Role', ROLE),
      subjects: [group(NODES_GROUP), group(BOOTSTRAP_TOKEN_GROUP)],
    }),
  ];
}

/**
 * What kubeadm decides, and no field that has its zero value: kubeadm writes those of its own version, and each is
 * one that a kubelet of an earlier minor may not know.
 */
function kubeletConfiguration(input: BootstrapInput): Configuration {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: '/etc/kubernetes/pki/ca.crt' },
    },
    authorization: { mode: 'Webhook' },
    cgroupDriver: 'systemd',
    clusterDNS: input.dnsServiceIPs.slice(0, 1),
    clusterDomain: input.clusterDomain,
    healthzBindAddress: '127.0.0.1',
    healthzPort: 10248,
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
  };
}
