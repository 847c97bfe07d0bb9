import { nthAddressOf } from './cidr.ts';
import { alternativeNames } from './names.ts';
import type { ExtendedKeyUsage, Subject } from './types.ts';

/** Named as kubeadm names the files. */
export type RootName = 'ca' | 'front-proxy-ca';

export type LeafName =
  | 'apiserver'
  | 'apiserver-kubelet-client'
  | 'front-proxy-client'
  | 'controller-manager'
  | 'scheduler'
  | 'admin'
  | 'marina';

export interface RootSpecification {
  readonly name: RootName;
  readonly commonName: string;
}

export interface CertificateSpecification {
  readonly name: LeafName;
  readonly signedBy: RootName;
  readonly subject: Subject;
  readonly usages: readonly ExtendedKeyUsage[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** Under which names a tenant's API server is called. Names are DNS names or IP addresses alike. */
export interface EndpointNames {
  readonly clusterDomain: string;
  readonly serviceCidrs: readonly string[];
  /** Where workers and users call: the published address and the name it is published under. */
  readonly published: readonly string[];
  /** The Service in the management cluster: its DNS names and cluster IPs. */
  readonly internal: readonly string[];
  /** `spec.networkProfile.certSANs`. */
  readonly extra?: readonly string[];
}

/** Each signs for itself; a client of the front-proxy root may claim any identity, so it is apart. */
export const ROOT_SPECIFICATIONS: readonly RootSpecification[] = [
  { name: 'ca', commonName: 'kubernetes' },
  { name: 'front-proxy-ca', commonName: 'front-proxy-ca' },
];

/** The group that kubeadm binds to cluster-admin: unlike `system:masters` it can be taken away by RBAC. */
const CLUSTER_ADMINS = 'kubeadm:cluster-admins';

const CLIENTS: readonly CertificateSpecification[] = [
  // Without a group, as kubeadm 1.36 has it: ClusterRoleBinding `kubeadm:apiserver-kubelet-client` gives it its rights.
  client('apiserver-kubelet-client', { commonName: 'kube-apiserver-kubelet-client' }),
  client('front-proxy-client', { commonName: 'front-proxy-client' }, 'front-proxy-ca'),
  client('controller-manager', { commonName: 'system:kube-controller-manager' }),
  client('scheduler', { commonName: 'system:kube-scheduler' }),
  client('admin', { commonName: 'kubernetes-admin', organizations: [CLUSTER_ADMINS] }),
  // Marina's own way in, which has to work before there is any RBAC and never leaves the management cluster.
  client('marina', { commonName: 'marina', organizations: ['system:masters'] }),
];

/**
 * Every leaf of a tenant's control plane.
 * @throws PkiError `InvalidRequest` when a service CIDR is none
 */
export function certificateSpecifications(names: EndpointNames): readonly CertificateSpecification[] {
  return [apiServer(names), ...CLIENTS];
}

function apiServer(names: EndpointNames): CertificateSpecification {
  return {
    name: 'apiserver',
    signedBy: 'ca',
    subject: { commonName: 'kube-apiserver' },
    usages: ['serverAuth'],
    ...alternativeNames([
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${names.clusterDomain}`,
      ...names.serviceCidrs.map((cidr) => nthAddressOf(cidr, 1)),
      ...names.published,
      ...names.internal,
      'localhost',
      '127.0.0.1',
      ...(names.extra ?? []),
    ]),
  };
}

function client(name: LeafName, subject: Subject, signedBy: RootName = 'ca'): CertificateSpecification {
  return { name, signedBy, subject, usages: ['clientAuth'], dnsNames: [], ipAddresses: [] };
}
