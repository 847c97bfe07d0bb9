import type { V1Toleration } from '@kubernetes/client-node';

/** Everything that the objects inside a tenant cluster depend on. Plain values: builders are pure. */
export interface BootstrapInput {
  /** Semantic version of the tenant's control plane without `v`, e.g. `1.36.3`. */
  readonly version: string;
  readonly clusterName: string;
  /** Where workers and users reach the tenant's API server. `host` is an IP address or DNS name. */
  readonly endpoint: { readonly host: string; readonly port: number };
  /** IP addresses behind the tenant's `kubernetes` Service (`endpoint.host`, or what it resolves to). */
  readonly endpointAddresses: readonly string[];
  /** PEM of the cluster's root certificate(s). */
  readonly certificateAuthority: string;
  readonly serviceCidrs: readonly string[];
  readonly podCidrs: readonly string[];
  readonly clusterDomain: string;
  /** In the order of the service CIDRs' families; the first is the DNS Service's clusterIP. */
  readonly dnsServiceIPs: readonly string[];
  /** e.g. `registry.k8s.io`. */
  readonly imageRepository: string;
  readonly kubelet: {
    /** JSON Patch (RFC 6902) on the KubeletConfiguration of this version. */
    readonly patches: readonly JsonPatchOperation[];
  };
  readonly addons: {
    /** undefined: not installed. */
    readonly coreDNS?: {
      readonly imageRepository?: string;
      readonly imageTag?: string;
      readonly replicas: number;
      readonly tolerations: readonly V1Toleration[];
    };
    readonly kubeProxy?: {
      readonly imageRepository?: string;
      readonly imageTag?: string;
      /** JSON Patch on the KubeProxyConfiguration. */
      readonly patches: readonly JsonPatchOperation[];
    };
  };
}

/** RFC 6902. */
export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}
