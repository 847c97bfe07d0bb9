import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, dnsLabelPattern, immutable, int64, objectName, rules } from './meta.ts';

const time = z.string().max(64).meta({ format: 'date-time' });
const dnsLabel = z.string().min(1).max(63).regex(new RegExp(dnsLabelPattern));

/** Printable ASCII without space at the ends; X.520 gives common names and organizations 64 characters. */
const subjectText = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[!-~]([ -~]*[!-~])?$/);

/** What Kubernetes, kubeadm and Marina give rights to by themselves, or call their own clients. */
const reservedUserPrefixes = ['system:', 'marina:'];
const reservedUsers = [
  'front-proxy-client',
  'kube-apiserver-kubelet-client',
  'kubernetes-admin',
  'kubernetes-super-admin',
  'marina',
];
const reservedGroups = ['system:', 'kubeadm:', 'marina:'];

const day = 86_400;

export const kubeconfigUser = subjectText
  .meta(rules(...userRules()))
  .describe('Name of the user inside the tenant cluster: the common name of the certificate.');

export const kubeconfigGroups = z
  .array(subjectText.meta(rules(notReserved(reservedGroups))))
  .max(16)
  .default([])
  .meta({ 'x-kubernetes-list-type': 'set' })
  .describe('Groups of the user inside the tenant cluster: the organizations of the certificate.');

export const kubeconfigClusterRole = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[^/%]+$/)
  .meta(rules({ rule: "!(self in ['.', '..'])", message: 'must be a name' }))
  .describe(
    'Name of a ClusterRole inside the tenant cluster that is bound for as long as this object is there. Left out: the user has what the ' +
      'tenant’s own bindings give to `user` and `groups`.',
  );

export const kubeconfigNamespaces = z
  .array(dnsLabel)
  .max(32)
  .default([])
  .meta({ 'x-kubernetes-list-type': 'set' })
  .describe(
    'Namespaces inside the tenant cluster that `clusterRole` is bound in. Left out: the whole cluster.',
  );

export const kubeconfigLifetime = z
  .int32()
  .min(600)
  .max(365 * day)
  .default(day)
  .describe(
    'Seconds for which a certificate is valid, at most until the root certificate of the cluster ends; counts from the next issue on.',
  );

/** Where there are namespaces, a role is bound in them. */
export const namespacesNeedRole = {
  rule: '!has(self.namespaces) || size(self.namespaces) == 0 || has(self.clusterRole)',
  message: 'go with `clusterRole`',
  fieldPath: '.namespaces',
} as const;

export const tenantKubeconfigSpec = z
  .object({
    controlPlaneName: dnsLabel
      .meta(rules(immutable))
      .describe('Name of the TenantControlPlane, in the same namespace.'),
    user: kubeconfigUser.meta(rules(...userRules(), immutable)),
    groups: kubeconfigGroups.meta(rules(immutable)),
    clusterRole: kubeconfigClusterRole.optional(),
    namespaces: kubeconfigNamespaces.meta(rules(immutable)),
    lifetimeSeconds: kubeconfigLifetime,
    renew: z
      .boolean()
      .default(false)
      .describe(
        'Whether the certificate is renewed at two thirds of its life. If not, the object goes an hour after its end.',
      ),
    secretName: objectName(
      'Name of the Secret, in the same namespace, that holds the kubeconfig; left out: the name of this object and `-kubeconfig`.',
    )
      .meta(rules({ rule: "self.endsWith('-kubeconfig')", message: 'must end in `-kubeconfig`' }))
      .optional(),
  })
  .meta(rules(namespacesNeedRole, ...staysAsItIs('clusterRole'), ...staysAsItIs('secretName')));

export const tenantKubeconfigStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  id: z
    .string()
    .max(63)
    .optional()
    .describe('In the names of what Marina makes for it inside the tenant cluster.'),
  runtimeId: z
    .string()
    .max(63)
    .optional()
    .describe('Runtime id of the control plane that it was issued for; it goes with that one.'),
  secret: z
    .object({
      name: z.string().max(253).describe('Name of the Secret.'),
      key: z.string().max(253).describe('Key of the kubeconfig in it.'),
    })
    .optional()
    .describe('Where the kubeconfig is.'),
  serial: z.string().max(64).optional().describe('Serial number of the certificate, hexadecimal.'),
  notBefore: time.optional().describe('From when on the certificate is valid.'),
  notAfter: time.optional().describe('Until when the certificate is valid.'),
});

export type TenantKubeconfigSpec = z.output<typeof tenantKubeconfigSpec>;
export type TenantKubeconfigStatus = z.output<typeof tenantKubeconfigStatus>;

export interface TenantKubeconfig extends KubeObject {
  spec: TenantKubeconfigSpec;
  status?: TenantKubeconfigStatus;
}

export const tenantKubeconfigs: Resource<TenantKubeconfig> = {
  apiVersion,
  kind: 'TenantKubeconfig',
  plural: 'tenantkubeconfigs',
  namespaced: true,
};

function userRules() {
  const names = reservedUsers.map((name) => `'${name}'`).join(', ');
  const isAnothers = {
    rule: `!(self in [${names}])`,
    message: 'must not be the name of a client of the control plane’s own',
  };
  return [notReserved(reservedUserPrefixes), isAnothers];
}

function notReserved(prefixes: readonly string[]) {
  const names = prefixes.map((prefix) => `'${prefix}'`).join(', ');
  const said = prefixes.map((prefix) => `\`${prefix}\``).join(' or ');
  return {
    rule: `![${names}].exists(prefix, self.startsWith(prefix))`,
    message: `must not begin with ${said}`,
  };
}

/** Immutable, for a field that may be left out. */
function staysAsItIs(field: string) {
  return [
    {
      rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
      message: 'is immutable',
      fieldPath: `.${field}`,
    },
  ];
}
