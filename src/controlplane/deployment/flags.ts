import type { ControlPlaneProgram } from '../../api/v1alpha1/extra-args.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { apiServerPort } from '../service/build.ts';
import { mountPaths } from './paths.ts';
import type { StoreAccess } from './store-access.ts';

const pki = mountPaths.pki;

/**
 * A Lease is written every three seconds and not every two, by two programs of every tenant, for as long as it lives; and a store
 * that is away for twenty seconds ends neither.
 */
const leaderElection = {
  'leader-elect': 'true',
  'leader-elect-lease-duration': '30s',
  'leader-elect-renew-deadline': '20s',
  'leader-elect-retry-period': '3s',
} as const;

/** Command lines of the three programs: Marina's flags, then the user's, which win where both may set one. */
export function programFlags(
  tenant: TenantControlPlane,
  store: StoreAccess,
): Record<ControlPlaneProgram, string[]> {
  const { extraArgs } = tenant.spec.controlPlane.deployment;
  return {
    apiServer: merge(apiServerFlags(tenant, store), extraArgs.apiServer),
    controllerManager: merge(controllerManagerFlags(tenant), extraArgs.controllerManager),
    scheduler: merge(schedulerFlags(), extraArgs.scheduler),
  };
}

/** The issuers of service-account tokens: the first one issues, all are accepted. */
export function serviceAccountIssuers(tenant: TenantControlPlane): readonly string[] {
  const own = `https://kubernetes.default.svc.${tenant.spec.networkProfile.clusterDomain}`;
  // kube-apiserver takes none twice.
  return [...new Set([...tenant.spec.serviceAccountIssuers, own])];
}

function apiServerFlags(
  tenant: TenantControlPlane,
  store: StoreAccess,
): Record<string, string | readonly string[]> {
  return {
    'allow-privileged': 'true',
    'authentication-config': `${pki}/authentication.yaml`,
    'authorization-mode': 'Node,RBAC',
    'client-ca-file': `${pki}/ca.crt`,
    'enable-admission-plugins': 'NodeRestriction',
    'enable-bootstrap-token-auth': 'true',
    'encryption-provider-config': `${pki}/encryption.yaml`,
    'endpoint-reconciler-type': 'none',
    'etcd-prefix': `/${store.partition}`,
    ...storeFlags[store.driver](store),
    'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
    'kubelet-preferred-address-types': tenant.spec.kubernetes.kubelet.preferredAddressTypes.join(','),
    profiling: 'false',
    'proxy-client-cert-file': `${pki}/front-proxy-client.crt`,
    'proxy-client-key-file': `${pki}/front-proxy-client.key`,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': String(apiServerPort),
    'service-account-issuer': serviceAccountIssuers(tenant),
    'service-account-key-file': `${pki}/sa.pub`,
    'service-account-signing-key-file': `${pki}/sa.key`,
    'service-cluster-ip-range': tenant.spec.networkProfile.serviceCidrs.join(','),
    // Goes on serving until every kube-proxy has heard that it is leaving; what was on its way to it would be refused else.
    'shutdown-delay-duration': '3s',
    'tls-cert-file': `${pki}/apiserver.crt`,
    'tls-private-key-file': `${pki}/apiserver.key`,
  };
}

const storeFlags: Record<StoreAccess['driver'], (store: StoreAccess) => Record<string, string>> = {
  etcd: ({ endpoints }) => ({
    'etcd-cafile': `${pki}/etcd/ca.crt`,
    'etcd-certfile': `${pki}/etcd/client.crt`,
    'etcd-keyfile': `${pki}/etcd/client.key`,
    // Marina compacts the shared store. With 0 the API server never watches compact_rev_key and serves old snapshots.
    'etcd-compaction-interval': '876000h',
    'etcd-servers': endpoints.map((endpoint) => `https://${endpoint}`).join(','),
  }),
  postgres: () => ({
    // Each database has a history of its own, which kine compacts when it is told to.
    'etcd-compaction-interval': '1m',
    'etcd-servers': `unix://${mountPaths.kineSocket}`,
  }),
};

function controllerManagerFlags(tenant: TenantControlPlane): Record<string, string> {
  return {
    ...delegatedAuthentication('controller-manager'),
    'allocate-node-cidrs': 'true',
    'cluster-cidr': tenant.spec.networkProfile.podCidrs.join(','),
    'cluster-name': tenant.metadata?.name ?? '',
    'cluster-signing-cert-file': `${pki}/ca.crt`,
    'cluster-signing-key-file': `${pki}/ca.key`,
    controllers: '*,bootstrapsigner,tokencleaner',
    ...leaderElection,
    profiling: 'false',
    'root-ca-file': `${pki}/ca.crt`,
    'service-account-private-key-file': `${pki}/sa.key`,
    'service-cluster-ip-range': tenant.spec.networkProfile.serviceCidrs.join(','),
    'use-service-account-credentials': 'true',
  };
}

function schedulerFlags(): Record<string, string> {
  return { ...delegatedAuthentication('scheduler'), ...leaderElection, profiling: 'false' };
}

/**
 * The roots come as files. Looking them up in the cluster would end the program whenever it starts before its
 * API server does, which in one pod is always (apiserver pkg/server/options/authentication.go).
 */
function delegatedAuthentication(name: 'controller-manager' | 'scheduler'): Record<string, string> {
  const kubeconfig = `${pki}/${name}.kubeconfig`;
  return {
    'authentication-kubeconfig': kubeconfig,
    'authentication-skip-lookup': 'true',
    'authorization-kubeconfig': kubeconfig,
    'client-ca-file': `${pki}/ca.crt`,
    kubeconfig,
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
  };
}

function merge(own: Record<string, string | readonly string[]>, extra: readonly string[]): string[] {
  const overridden = new Set(extra.map((argument) => argument.replace(/^--/, '').replace(/=.*$/s, '')));
  const flags = Object.entries(own)
    .filter(([name]) => !overridden.has(name))
    // So that the pod template does not depend on the order of the table; repeated flags keep theirs.
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([name, value]) =>
      typeof value === 'string' ? [`--${name}=${value}`] : value.map((each) => `--${name}=${each}`),
    );
  return [...flags, ...extra];
}
