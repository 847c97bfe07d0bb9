import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { labels as tenantLabelKeys } from '../controlplane/names.ts';
import { runtimeId } from '../controlplane/runtime-id.ts';

/** Keeps a TenantKubeconfig until what it gave is taken back; it is put there before anything is given. */
export const finalizer = 'marina.dev/kubeconfig';

/** Key of the Secret. */
export const kubeconfigKey = 'kubeconfig';

export const labels = {
  /** On the Secret and on bindings inside the tenant: whose they are. */
  id: 'marina.dev/kubeconfig-id',
  name: 'marina.dev/tenant-kubeconfig',
  /** On a TenantKubeconfig: the KubeconfigTemplate that it is made by. */
  template: 'marina.dev/kubeconfig-template',
} as const;

const component = 'tenant-kubeconfig';

/** Selects the bindings of all TenantKubeconfigs inside a tenant. */
export const accessSelector = `${tenantLabelKeys.managedBy}=marina,${tenantLabelKeys.component}=${component}`;

/** Of one TenantKubeconfig and of no later one of its name: `k` and its UID in base32, as runtime ids are made. */
export function kubeconfigId({ metadata }: TenantKubeconfig): string {
  return `k${runtimeId(metadata?.uid ?? '').slice(1)}`;
}

/** Before the id in the names of groups and bindings; no user of Marina’s may claim such a group. */
export const groupPrefix = 'marina:kubeconfig:';

/** The group that only this kubeconfig is in; its bindings have the same name. */
export function ownGroup(kubeconfig: TenantKubeconfig): string {
  return `${groupPrefix}${kubeconfigId(kubeconfig)}`;
}

export function secretNameOf({ metadata, spec }: TenantKubeconfig): string {
  return spec.secretName ?? `${metadata?.name}-kubeconfig`;
}

/** Labels of all that is made for a TenantKubeconfig. */
export function kubeconfigLabels(kubeconfig: TenantKubeconfig): Record<string, string> {
  return {
    [tenantLabelKeys.managedBy]: 'marina',
    [tenantLabelKeys.component]: component,
    [labels.id]: kubeconfigId(kubeconfig),
    [labels.name]: kubeconfig.metadata?.name ?? '',
  };
}
