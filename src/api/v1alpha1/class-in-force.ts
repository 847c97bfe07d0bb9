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
    // Another class is another platform: versions, sizes and backups would all change at once, past the rollout of either.
    rule: '!has(oldSelf.className) || has(self.className) && self.className == oldSelf.className',
    message: 'cannot be changed or taken away',
    fieldPath: '.className',
    reason: 'FieldValueForbidden',
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

export const classInForce = z
  .object({
    name: z.string().max(63).describe('Name of the ControlPlaneClass.'),
    uid: z.string().max(64).describe('Its UID.'),
    generation: int64.describe('metadata.generation of the class that is in force here.'),
    takenAt: time.describe('Since when.'),
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
  })
  .describe(
    'What its class and the quota of its namespace have let in, and what runs while they refuse what the specification says now; left out where there is neither.',
  );

export type ClassInForce = z.output<typeof classInForce>;
export type Admitted = z.output<typeof admitted>;
