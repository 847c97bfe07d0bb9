import { z } from 'zod';
import { dnsLabelPattern } from '../../api/v1alpha1/meta.ts';
import {
  kubeconfigClusterRole,
  kubeconfigGroups,
  kubeconfigLifetime,
  kubeconfigNamespaces,
  kubeconfigUser,
  type TenantKubeconfig,
  type TenantKubeconfigStatus,
} from '../../api/v1alpha1/tenant-kubeconfig.ts';
import { findCondition } from '../../engine/conditions.ts';

const time = z.string().meta({ format: 'date-time' });
export const kubeconfigName = z.string().min(1).max(63).regex(new RegExp(dnsLabelPattern));

const wish = {
  user: kubeconfigUser,
  groups: kubeconfigGroups,
  clusterRole: kubeconfigClusterRole.optional(),
  namespaces: kubeconfigNamespaces,
  lifetimeSeconds: kubeconfigLifetime,
  renew: z.boolean().default(false).describe('Whether the certificate is renewed at two thirds of its life.'),
};

export const newKubeconfig = z
  .strictObject({ name: kubeconfigName.optional().describe('Left out: one is made.'), ...wish })
  .meta({ id: 'NewKubeconfig' });

export const kubeconfig = z
  .object({
    name: z.string(),
    ...wish,
    createdAt: time,
    serial: z.string().optional().describe('Of the certificate, hexadecimal.'),
    validFrom: time.optional(),
    validUntil: time.optional(),
    isReady: z.boolean().describe('Whether it can be used.'),
    message: z.string().optional().describe('Why it cannot, or what there is to know.'),
  })
  .meta({ id: 'Kubeconfig' });

export const kubeconfigFile = kubeconfig
  .extend({ kubeconfig: z.string().optional().describe('The file, in YAML; left out until it is issued.') })
  .meta({ id: 'KubeconfigFile' });

export const kubeconfigList = z.object({ items: z.array(kubeconfig) }).meta({ id: 'KubeconfigList' });

export const revokedKubeconfig = kubeconfig
  .extend({ remaining: z.string().describe('What cannot be taken back, and until when.') })
  .meta({ id: 'RevokedKubeconfig' });

export function showKubeconfig({ metadata, spec, status }: TenantKubeconfig): z.output<typeof kubeconfig> {
  const { user, groups, clusterRole, namespaces, lifetimeSeconds, renew } = spec;
  return {
    name: metadata?.name ?? '',
    user,
    groups,
    ...(clusterRole !== undefined && { clusterRole }),
    namespaces,
    lifetimeSeconds,
    renew,
    createdAt: metadata?.creationTimestamp ?? '',
    ...showCertificate(status),
    ...showReadiness(status),
  };
}

function showCertificate({ serial, notBefore, notAfter }: TenantKubeconfigStatus = {}) {
  return {
    ...(serial !== undefined && { serial }),
    ...(notBefore !== undefined && { validFrom: notBefore }),
    ...(notAfter !== undefined && { validUntil: notAfter }),
  };
}

function showReadiness({ conditions }: TenantKubeconfigStatus = {}) {
  const ready = findCondition(conditions, 'Ready');
  return { isReady: ready?.status === 'True', ...(ready?.message && { message: ready.message }) };
}

/** Kubernetes knows no list of revoked certificates; this is what deletion of the object leaves. */
export function whatRemains({ spec, status }: TenantKubeconfig): string {
  if (status?.notAfter === undefined) return 'Nothing: no certificate was issued.';
  const subjects = [`user ${spec.user}`, ...spec.groups.map((group) => `group ${group}`)].join(', ');
  const taken = spec.clusterRole === undefined ? '' : `What it had by ${spec.clusterRole} is taken back. `;
  return `${taken}The certificate itself is believed until ${status.notAfter}, with what the cluster’s own bindings give to ${subjects}.`;
}
