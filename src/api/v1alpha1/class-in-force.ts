import { z } from 'zod';
import type { ClassSettings } from './control-plane-class.ts';
import { int64, podShaped } from './meta.ts';
import type { ControlPlaneResources } from './resources.ts';
import type { StorageBudget } from './storage-budget.ts';

const time = z.string().max(64).meta({ format: 'date-time' });

/** Of the specification of a TenantControlPlane: what it may say with a class, and without one. */
export const classRules = [
  {
    rule: 'has(self.className) || has(self.kubernetes.version)',
    message: 'is needed where no class has a default',
    fieldPath: '.kubernetes.version',
    reason: 'FieldValueRequired',
  },
  {
    rule: '!has(oldSelf.kubernetes.version) || has(self.kubernetes.version) || has(oldSelf.className)',
    message: 'can be left out only after the class has been taken',
    fieldPath: '.kubernetes.version',
    reason: 'FieldValueRequired',
  },
  {
    rule: '!has(self.size) || has(self.className)',
    message: 'is the name of a size of a class, and there is no className',
    fieldPath: '.size',
    reason: 'FieldValueForbidden',
  },
  {
    rule: '!has(self.className) || !has(self.controlPlane.deployment.resources)',
    message: 'are those of a size of the class; set spec.size',
    fieldPath: '.controlPlane.deployment.resources',
    reason: 'FieldValueForbidden',
  },
] as const;

/** Of a whole TenantControlPlane: what its class may become depends on what is in force. */
export const classStays = [
  {
    // Another class is another platform: versions, sizes and backups would all change at once, past the rollout of either.
    rule: [
      '!has(oldSelf.spec.className)',
      'has(self.spec.className) && self.spec.className == oldSelf.spec.className',
      '!has(oldSelf.status)',
      '!has(oldSelf.status.class)',
    ].join(' || '),
    message: 'cannot be changed or taken away once the class is in force',
    fieldPath: '.spec.className',
    reason: 'FieldValueForbidden',
  },
  {
    rule: [
      'has(self.spec.className)',
      '!has(oldSelf.spec.className)',
      '!has(oldSelf.status)',
      '!has(oldSelf.status.admitted)',
      "has(self.spec.kubernetes.version) && self.spec.kubernetes.version.replace('v', '') == oldSelf.status.admitted.version.replace('v', '')",
    ].join(' || '),
    message: 'must be that of status.admitted when the class is taken away',
    fieldPath: '.spec.kubernetes.version',
  },
] as const;

export const classInForce = z
  .object({
    name: z.string().max(63).describe('Name of the ControlPlaneClass.'),
    uid: z.string().max(64).describe('Its UID.'),
    generation: int64.describe('metadata.generation of the class that is in force here.'),
    takenAt: time.describe('Since when.'),
    wasReady: z
      .boolean()
      .optional()
      .describe(
        'Whether it was as it should be when a rollout gave it this generation; left out where no rollout did, as at a birth.',
      ),
    readyAt: time.optional().describe('When the control plane was first Ready with it, or stopped.'),
    settings: podShaped<ClassSettings>('object', 'What that generation of the class says.'),
  })
  .describe('The class that is in force; a change of the class gets here by its rollout policy.');

export const admitted = z
  .object({
    version: z.string().max(32).describe('Kubernetes version.'),
    replicas: z.int32().min(0).describe('Number of pods.'),
    resources: podShaped<ControlPlaneResources>('object', 'Requests and limits.').optional(),
    storageBudget: podShaped<StorageBudget>('object', 'How much of its DataStore it may take.').optional(),
    serviceType: z
      .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
      .describe('How the API server is published.'),
    loadBalancerClass: z
      .string()
      .max(316)
      .optional()
      .describe('Which implementation serves the load balancer.'),
    loadBalancerSourceRanges: z
      .array(z.string().max(64))
      .max(16)
      .optional()
      .describe('From where the load balancer lets clients in; left out: from everywhere.'),
    allocateLoadBalancerNodePorts: z
      .boolean()
      .optional()
      .describe('`false`: the load balancer has no node ports.'),
    className: z.string().max(63).optional().describe('Class that let it in.'),
    size: z.string().max(63).optional().describe('Size of the class that it has.'),
  })
  .describe(
    'What its class and the quota of its namespace have let in, and what runs while they refuse what the specification says now; left out where there is neither.',
  );

export type ClassInForce = z.output<typeof classInForce>;
export type Admitted = z.output<typeof admitted>;
