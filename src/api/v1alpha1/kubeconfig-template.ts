import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { labelSelector } from './label-selector.ts';
import { apiVersion, conditions, int64, rules } from './meta.ts';
import {
  kubeconfigClusterRole,
  kubeconfigGroups,
  kubeconfigLifetime,
  kubeconfigNamespaces,
  kubeconfigUser,
  namespacesNeedRole,
} from './tenant-kubeconfig.ts';

const template = z
  .object({
    user: kubeconfigUser.describe(
      'Name of the user inside the tenant clusters. `{namespace}` and `{name}` stand for those of the TenantControlPlane.',
    ),
    groups: kubeconfigGroups,
    clusterRole: kubeconfigClusterRole.optional(),
    namespaces: kubeconfigNamespaces,
    lifetimeSeconds: kubeconfigLifetime,
    renew: z
      .boolean()
      .default(true)
      .describe(
        'Whether certificates are renewed at two thirds of their life. If not, another is made when one has ended and gone.',
      ),
  })
  .meta(rules(namespacesNeedRole))
  .describe('What each TenantKubeconfig says.');

export const kubeconfigTemplateSpec = z.object({
  controlPlaneSelector: labelSelector.describe(
    'TenantControlPlanes of the same namespace that get a TenantKubeconfig, by their labels; `{}` selects all.',
  ),
  template,
});

export const kubeconfigTemplateStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  selected: z.int32().min(0).optional().describe('TenantControlPlanes that are selected.'),
  ready: z.int32().min(0).optional().describe('TenantKubeconfigs of this template that are Ready.'),
});

export type KubeconfigTemplateSpec = z.output<typeof kubeconfigTemplateSpec>;
export type KubeconfigTemplateStatus = z.output<typeof kubeconfigTemplateStatus>;

export interface KubeconfigTemplate extends KubeObject {
  spec: KubeconfigTemplateSpec;
  status?: KubeconfigTemplateStatus;
}

export const kubeconfigTemplates: Resource<KubeconfigTemplate> = {
  apiVersion,
  kind: 'KubeconfigTemplate',
  plural: 'kubeconfigtemplates',
  namespaced: true,
};
