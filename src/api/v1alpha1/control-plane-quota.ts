import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, int64, rules } from './meta.ts';
import { quantity } from './resources.ts';

const hard = z
  .object({
    controlPlanes: z.int32().min(0).max(100_000).optional().describe('TenantControlPlanes of the namespace.'),
    cpu: quantity.optional().describe('Sum of the CPU that their pods request, e.g. `4`.'),
    memory: quantity.optional().describe('Sum of the memory that their pods request, e.g. `16Gi`.'),
    storageBytes: quantity
      .optional()
      .describe('Sum of their `storageBudget.bytes`; with this, each has to have one.'),
  })
  .meta(
    rules({
      rule: 'has(self.controlPlanes) || has(self.cpu) || has(self.memory) || has(self.storageBytes)',
      message: 'must limit something',
    }),
  )
  .describe('What there may be at most.');

export const controlPlaneQuotaSpec = z.object({ hard });

const amounts = z.object({
  controlPlanes: int64.min(0).optional().describe('TenantControlPlanes.'),
  cpu: z.string().max(32).optional().describe('CPU that their pods request.'),
  memory: z.string().max(32).optional().describe('Memory that their pods request.'),
  storageBytes: z.string().max(32).optional().describe('Sum of their `storageBudget.bytes`.'),
});

export const controlPlaneQuotaStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  hard: amounts
    .optional()
    .describe('What counts in this namespace: the least of all its ControlPlaneQuotas.'),
  used: amounts.optional().describe('What has been given to the control planes of the namespace.'),
  waiting: z
    .array(z.string().max(253))
    .max(10)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Names of control planes that want more than there is; ten at most.'),
});

export type ControlPlaneQuotaSpec = z.output<typeof controlPlaneQuotaSpec>;
export type ControlPlaneQuotaStatus = z.output<typeof controlPlaneQuotaStatus>;

export interface ControlPlaneQuota extends KubeObject {
  spec: ControlPlaneQuotaSpec;
  status?: ControlPlaneQuotaStatus;
}

export const controlPlaneQuotas: Resource<ControlPlaneQuota> = {
  apiVersion,
  kind: 'ControlPlaneQuota',
  plural: 'controlplanequotas',
  namespaced: true,
};
