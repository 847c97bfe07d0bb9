import { z } from 'zod';
import { rules } from './meta.ts';

/** Flags with which a program says something and ends. */
const lastWords = {
  help: 'the program would print it and end',
  version: 'the program would print it and end',
} as const;

/** Flags that Marina sets itself or cannot do with, each with the field to use instead or the reason why there is none. */
export const ownedFlags = {
  apiServer: {
    'advertise-address': 'set spec.networkProfile.advertiseAddress',
    'anonymous-auth': 'anonymous access is limited to health and cluster-info',
    'authentication-config': 'set spec.authentication',
    'authorization-config': 'Marina and the nodes need the modes Node and RBAC',
    'authorization-mode': 'Marina and the nodes need the modes Node and RBAC',
    'bind-address': 'the API server listens on every address of its pod',
    'client-ca-file': 'Marina keeps the cluster’s root certificates',
    'enable-bootstrap-token-auth': 'workers join with bootstrap tokens',
    'encryption-provider-config': 'Marina encrypts Secrets at rest',
    'endpoint-reconciler-type': 'Marina writes the endpoints of the kubernetes Service',
    'etcd-cafile': 'set spec.dataStore',
    'etcd-certfile': 'set spec.dataStore',
    'etcd-compaction-interval': 'Marina compacts the DataStore',
    'etcd-keyfile': 'set spec.dataStore',
    'etcd-prefix': 'set spec.dataStore',
    'etcd-servers': 'set spec.dataStore',
    'etcd-servers-overrides': 'set spec.dataStore',
    'kubelet-client-certificate': 'Marina issues it',
    'kubelet-client-key': 'Marina issues it',
    'kubelet-preferred-address-types': 'set spec.kubernetes.kubelet.preferredAddressTypes',
    'proxy-client-cert-file': 'Marina issues it',
    'proxy-client-key-file': 'Marina issues it',
    'oidc-ca-file': 'set spec.authentication',
    'oidc-client-id': 'set spec.authentication',
    'oidc-groups-claim': 'set spec.authentication',
    'oidc-groups-prefix': 'set spec.authentication',
    'oidc-issuer-url': 'set spec.authentication',
    'oidc-required-claim': 'set spec.authentication',
    'oidc-signing-algs': 'set spec.authentication',
    'oidc-username-claim': 'set spec.authentication',
    'oidc-username-prefix': 'set spec.authentication',
    'requestheader-allowed-names': 'Marina keeps the front proxy’s root certificate',
    'requestheader-client-ca-file': 'Marina keeps the front proxy’s root certificate',
    'secure-port': 'set spec.networkProfile.port',
    'service-account-issuer': 'set spec.serviceAccountIssuers',
    'service-account-key-file': 'Marina keeps the service-account keys',
    'service-account-signing-key-file': 'Marina keeps the service-account keys',
    'service-cluster-ip-range': 'set spec.networkProfile.serviceCidrs',
    'tls-cert-file': 'Marina issues it',
    'tls-private-key-file': 'Marina issues it',
    'token-auth-file': 'set spec.authentication',
    ...lastWords,
  },
  controllerManager: {
    'authentication-kubeconfig': 'Marina issues it',
    'authorization-always-allow-paths': 'the probes of the pod use them',
    'authorization-kubeconfig': 'Marina issues it',
    'bind-address': 'the probes of the pod use it',
    'cluster-cidr': 'set spec.networkProfile.podCidrs',
    'cluster-name': 'it is the name of the TenantControlPlane',
    'cluster-signing-cert-file': 'Marina keeps the cluster’s root certificates',
    'cluster-signing-key-file': 'Marina keeps the cluster’s root certificates',
    kubeconfig: 'Marina issues it',
    'leader-elect': 'a Deployment may run two pods for a moment',
    master: 'it is the API server of the same pod',
    'root-ca-file': 'Marina keeps the cluster’s root certificates',
    'secure-port': 'the probes of the pod use it',
    'service-account-private-key-file': 'Marina keeps the service-account keys',
    'service-cluster-ip-range': 'set spec.networkProfile.serviceCidrs',
    ...lastWords,
  },
  scheduler: {
    'authentication-kubeconfig': 'Marina issues it',
    'authorization-always-allow-paths': 'the probes of the pod use them',
    'authorization-kubeconfig': 'Marina issues it',
    'bind-address': 'the probes of the pod use it',
    kubeconfig: 'Marina issues it',
    'leader-elect': 'a Deployment may run two pods for a moment',
    master: 'it is the API server of the same pod',
    'secure-port': 'the probes of the pod use it',
    ...lastWords,
  },
} as const satisfies Record<string, Record<string, string>>;

export type ControlPlaneProgram = keyof typeof ownedFlags;

/** Name of each program's binary. */
export const programs = {
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
} as const satisfies Record<ControlPlaneProgram, string>;

/** CEL: `name` of `--name=value`. */
const flagName = "self.split('=', 2)[0].replace('--', '', 1)";

function flagList(program: ControlPlaneProgram) {
  const owned = ownedFlags[program];
  const names = Object.keys(owned).map((flag) => `'${flag}'`);
  const instead = Object.entries(owned).map(([flag, use]) => `'${flag}': '${use}'`);
  const flag = z
    .string()
    .min(3)
    .max(1024)
    .meta(
      rules(
        {
          rule: "self.matches('^--[a-z][a-z0-9-]*(=[^[:cntrl:]]*)?$')",
          message: 'must be one flag, `--name=value`, on one line',
        },
        {
          rule: `!(${flagName} in [${names.join(', ')}])`,
          message: 'must not be a flag that Marina sets or cannot do with',
          messageExpression: `'--' + ${flagName} + ' is not for extraArgs: ' + {${instead.join(', ')}}[${flagName}]`,
          reason: 'FieldValueForbidden',
        },
      ),
    );
  return z.array(flag).max(64).default([]).describe(`Further flags of ${programs[program]}.`);
}

export const extraArgs = z
  .object({
    apiServer: flagList('apiServer'),
    controllerManager: flagList('controllerManager'),
    scheduler: flagList('scheduler'),
  })
  .describe(
    'Further flags, `--name=value`; they win over Marina’s defaults; flags that Marina must set itself are refused.',
  );
