import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  deployments,
  serviceAccounts,
  services,
  type Deployment,
} from '../kube/resources.ts';
import type { BootstrapObject } from './component.ts';
import type { BootstrapInput } from './input.ts';
import { bootstrapObject, roleRef, serviceAccount } from './objects.ts';
import { versionFacts } from './versions.ts';

const PHASE = 'coredns';
const NAMESPACE = 'kube-system';
const NAME = 'coredns';
const ROLE = 'system:coredns';
/** The label that workloads and network policies know cluster DNS by, whoever serves it. */
const SELECTOR = { 'k8s-app': 'kube-dns' };

type Addon = NonNullable<BootstrapInput['addons']['coreDNS']>;

/** Cluster DNS (kubeadm: phases/addons/dns). */
export function coreDNS(input: BootstrapInput): readonly BootstrapObject[] {
  const addon = input.addons.coreDNS;
  if (!addon) return [];
  return [
    bootstrapObject(PHASE, serviceAccounts, { metadata: { namespace: NAMESPACE, name: NAME } }),
    bootstrapObject(PHASE, clusterRoles, {
      metadata: { name: ROLE },
      rules: [
        {
          apiGroups: [''],
          resources: ['endpoints', 'services', 'pods', 'namespaces'],
          verbs: ['list', 'watch'],
        },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
      ],
    }),
    bootstrapObject(PHASE, clusterRoleBindings, {
      metadata: { name: ROLE },
      roleRef: roleRef('ClusterRole', ROLE),
      subjects: [serviceAccount(NAMESPACE, NAME)],
    }),
    bootstrapObject(PHASE, configMaps, {
      metadata: { namespace: NAMESPACE, name: NAME },
      data: { Corefile: corefile(input.clusterDomain) },
    }),
    bootstrapObject(PHASE, services, {
      metadata: {
        namespace: NAMESPACE,
        name: 'kube-dns',
        labels: {
          ...SELECTOR,
          'kubernetes.io/cluster-service': 'true',
          'kubernetes.io/name': 'CoreDNS',
        },
        annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
      },
      spec: {
        clusterIP: input.dnsServiceIPs[0],
        selector: SELECTOR,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
          { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
          { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
        ],
      },
    }),
    bootstrapObject(PHASE, deployments, {
      metadata: { namespace: NAMESPACE, name: NAME, labels: SELECTOR },
      spec: deploymentSpec(addon, imageOf(input, addon)),
    }),
  ];
}

/** kubeadm's own rule (images.GetDNSImage): only below the default registry the image has a folder of its name. */
function imageOf(input: BootstrapInput, addon: Addon): string {
  const tag = addon.imageTag ?? versionFacts(input.version, PHASE).coreDNSImageTag;
  const repository = addon.imageRepository ?? input.imageRepository;
  const folder = repository === 'registry.k8s.io' ? '/coredns' : '';
  return `${repository}${folder}/coredns:${tag}`;
}

/** Answers for the cluster's own names are never cached: a Service that just came or went is seen at once. */
export function corefile(clusterDomain: string): string {
  return `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${clusterDomain}
       disable denial ${clusterDomain}
    }
    loop
    reload
    loadbalance
}
`;
}

function deploymentSpec(addon: Addon, image: string): Deployment['spec'] {
  return {
    replicas: addon.replicas,
    selector: { matchLabels: SELECTOR },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
    template: {
      metadata: { labels: SELECTOR },
      spec: {
        serviceAccountName: NAME,
        priorityClassName: 'system-cluster-critical',
        // The node's resolver, not itself.
        dnsPolicy: 'Default',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [
          { key: 'CriticalAddonsOnly', operator: 'Exists' },
          { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          ...addon.tolerations,
        ],
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: {
                    matchExpressions: [{ key: 'k8s-app', operator: 'In', values: [SELECTOR['k8s-app']] }],
                  },
                },
              },
            ],
          },
        },
        containers: [
          {
            name: 'coredns',
            image,
            imagePullPolicy: 'IfNotPresent',
            args: ['-conf', '/etc/coredns/Corefile'],
            resources: { requests: { cpu: '100m', memory: '70Mi' }, limits: { memory: '170Mi' } },
            ports: [
              { name: 'dns', containerPort: 53, protocol: 'UDP' },
              { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
              { name: 'metrics', containerPort: 9153, protocol: 'TCP' },
              { name: 'liveness-probe', containerPort: 8080, protocol: 'TCP' },
              { name: 'readiness-probe', containerPort: 8181, protocol: 'TCP' },
            ],
            livenessProbe: {
              httpGet: { path: '/health', port: 'liveness-probe', scheme: 'HTTP' },
              initialDelaySeconds: 60,
              timeoutSeconds: 5,
              successThreshold: 1,
              failureThreshold: 5,
            },
            readinessProbe: { httpGet: { path: '/ready', port: 'readiness-probe', scheme: 'HTTP' } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
            },
            volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
          },
        ],
        volumes: [
          {
            name: 'config-volume',
            configMap: { name: NAME, items: [{ key: 'Corefile', path: 'Corefile' }] },
          },
        ],
      },
    },
  };
}
