import {
  clusterRoleBindings,
  configMaps,
  daemonSets,
  roleBindings,
  roles,
  serviceAccounts,
  type DaemonSet,
} from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import { serverUrl } from './endpoint.ts';
import { BOOTSTRAP_TOKEN_GROUP } from './groups.ts';
import type { BootstrapInput } from './input.ts';
import { patched, type Configuration } from './json-patch.ts';
import { bootstrapObject, group, mayGetConfigMap, roleRef, serviceAccount } from './objects.ts';
import { toYaml } from './yaml.ts';

const PHASE = 'kube-proxy';
const NAMESPACE = 'kube-system';
const NAME = 'kube-proxy';
const CONFIG_FOLDER = '/var/lib/kube-proxy';
const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The Service network on every node (kubeadm: phases/addons/proxy, componentconfigs/kubeproxy.go). kube-proxy ends
 * itself when its configuration file changes, so a new one needs no new pod template.
 * @throws BootstrapError `PatchFailed`
 */
export function kubeProxy(input: BootstrapInput): readonly BootstrapObject[] {
  const addon = input.addons.kubeProxy;
  if (!addon) return [];
  const configuration = patched(
    {
      phase: PHASE,
      field: 'spec.addons.kubeProxy.configurationPatches',
      document: proxyConfiguration(input),
    },
    addon.patches,
  );
  const image = `${addon.imageRepository ?? input.imageRepository}/kube-proxy:${addon.imageTag ?? `v${input.version}`}`;
  return [
    bootstrapObject(PHASE, serviceAccounts, { metadata: { namespace: NAMESPACE, name: NAME } }),
    bootstrapObject(PHASE, clusterRoleBindings, {
      metadata: { name: 'kubeadm:node-proxier' },
      roleRef: roleRef('ClusterRole', 'system:node-proxier'),
      subjects: [serviceAccount(NAMESPACE, NAME)],
    }),
    // kubeadm join reads the ConfigMap too.
    bootstrapObject(PHASE, roles, {
      metadata: { namespace: NAMESPACE, name: NAME },
      rules: [mayGetConfigMap(NAME)],
    }),
    bootstrapObject(PHASE, roleBindings, {
      metadata: { namespace: NAMESPACE, name: NAME },
      roleRef: roleRef('Role', NAME),
      subjects: [group(BOOTSTRAP_TOKEN_GROUP)],
    }),
    bootstrapObject(PHASE, configMaps, {
      metadata: { namespace: NAMESPACE, name: NAME, labels: { app: NAME } },
      data: { 'config.conf': toYaml(configuration), 'kubeconfig.conf': toYaml(kubeconfig(input)) },
    }),
    bootstrapObject(PHASE, daemonSets, {
      metadata: { namespace: NAMESPACE, name: NAME, labels: { 'k8s-app': NAME } },
      spec: daemonSetSpec(image),
    }),
  ];
}

function proxyConfiguration(input: BootstrapInput): Configuration {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: input.serviceCidrs[0]?.includes(':') ? '::' : '0.0.0.0',
    clientConnection: { kubeconfig: `${CONFIG_FOLDER}/kubeconfig.conf` },
    ...(input.podCidrs.length > 0 && { clusterCIDR: input.podCidrs.join(',') }),
  };
}

/** By the published endpoint: the `kubernetes` Service works only once kube-proxy does. */
function kubeconfig(input: BootstrapInput): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default',
        cluster: {
          'certificate-authority': `${SERVICE_ACCOUNT_FOLDER}/ca.crt`,
          server: serverUrl(input.endpoint),
        },
      },
    ],
    contexts: [{ name: 'default', context: { cluster: 'default', namespace: 'default', user: 'default' } }],
    'current-context': 'default',
    users: [{ name: 'default', user: { tokenFile: `${SERVICE_ACCOUNT_FOLDER}/token` } }],
  };
}

function daemonSetSpec(image: string): DaemonSet['spec'] {
  const labels = { 'k8s-app': NAME };
  return {
    selector: { matchLabels: labels },
    updateStrategy: { type: 'RollingUpdate' },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: NAME,
        priorityClassName: 'system-node-critical',
        hostNetwork: true,
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
        containers: [
          {
            name: NAME,
            image,
            imagePullPolicy: 'IfNotPresent',
            command: [
              '/usr/local/bin/kube-proxy',
              `--config=${CONFIG_FOLDER}/config.conf`,
              '--hostname-override=$(NODE_NAME)',
            ],
            env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
            securityContext: { privileged: true },
            volumeMounts: [
              { name: 'kube-proxy', mountPath: CONFIG_FOLDER },
              { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
              { name: 'lib-modules', mountPath: '/lib/modules', readOnly: true },
            ],
          },
        ],
        volumes: [
          { name: 'kube-proxy', configMap: { name: NAME } },
          { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          { name: 'lib-modules', hostPath: { path: '/lib/modules' } },
        ],
      },
    },
  };
}
