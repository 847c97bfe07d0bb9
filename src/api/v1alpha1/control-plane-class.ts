import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { lifetime } from './duration.ts';
import { labelSelector } from './label-selector.ts';
import { apiVersion, conditions, dnsLabelPattern, int64, objectName, rules } from './meta.ts';
import { controlPlaneResources } from './resources.ts';
import { storageBudget } from './storage-budget.ts';
import { retention, schedule } from './tenant-backup.ts';
import { offeredVersion } from './versions.ts';

/** Name of a ControlPlaneClass, or of a size in one. */
export const className = z.string().min(1).max(63).regex(new RegExp(dnsLabelPattern));

const versions = z
  .object({
    offered: z
      .array(offeredVersion)
      .min(1)
      .max(32)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('Versions that a control plane may name.'),
    default: offeredVersion.describe('Version of those that name none.'),
  })
  .meta(
    rules({
      rule: 'self.default in self.offered',
      message: 'must be one of `offered`',
      fieldPath: '.default',
    }),
  )
  .describe('Kubernetes versions.');

const size = z.object({
  name: className.describe('What `spec.size` of a control plane says.'),
  resources: controlPlaneResources
    .optional()
    .describe('Requests and limits; Marina’s defaults apply to what is left out.'),
  storageBudget: storageBudget.optional(),
});

const sizes = z
  .object({
    offered: z
      .array(size)
      .min(1)
      .max(8)
      .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
      .describe('Sizes that a control plane may name.'),
    default: className.describe('Size of those that name none.'),
  })
  .meta(
    rules({
      rule: 'self.offered.exists(size, size.name == self.default)',
      message: 'must be the name of one in `offered`',
      fieldPath: '.default',
    }),
  )
  .describe('How large control planes may be; left out, all have Marina’s default requests.');

const replicas = z
  .object({
    min: z.int32().min(1).max(9).default(1).describe('Fewest pods of a control plane that is not stopped.'),
    max: z.int32().min(1).max(9).default(9).describe('Most pods.'),
    default: z.int32().min(1).max(9).default(1).describe('Pods of a control plane that names no number.'),
  })
  .meta(
    rules({
      // A default is checked before its fields are filled in.
      rule: '!has(self.min) || !has(self.default) || !has(self.max) || (self.min <= self.default && self.default <= self.max)',
      message: 'must be `min` or more and `max` or less',
      fieldPath: '.default',
    }),
  )
  .describe('Pods of each control plane; 0 stops one, whatever the class says.');

const addons = z
  .object({
    coreDNS: z
      .object({
        enabled: z.boolean().optional().describe('Whether Marina keeps it installed; left out: it does.'),
        replicas: z.int32().min(1).max(100).optional().describe('Number of pods; left out: 2.'),
      })
      .optional()
      .describe('DNS of the cluster.'),
    kubeProxy: z
      .object({
        enabled: z.boolean().optional().describe('Whether Marina keeps it installed; left out: it does.'),
      })
      .optional()
      .describe('Service addresses on each node.'),
  })
  .describe('Addons of control planes that say nothing of them.');

const backup = z
  .object({
    schedule: schedule.describe('When an archive of each control plane is taken.'),
    storage: objectName('Name of the BackupStorage that archives go to.').default('default'),
    retention: retention.prefault({}),
  })
  .describe('Backups of every control plane of the class, as TenantBackups beside them.');

const limits = z
  .object({
    maxLifetime: lifetime
      .optional()
      .describe('Longest `spec.expiresAfter`, and the one of those that name none, e.g. `72h`.'),
    serviceTypes: z
      .array(z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']))
      .min(1)
      .max(3)
      .default(['ClusterIP', 'NodePort', 'LoadBalancer'])
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('How API servers may be published.'),
    extraArgs: z.boolean().default(true).describe('Whether control planes may have flags of their own.'),
  })
  .prefault({})
  .describe('What control planes may ask for.');

const rollout = z
  .object({
    maxConcurrent: z
      .int32()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Control planes that may be on their way to a new generation of the class at once.'),
    pauseOnFailure: z
      .boolean()
      .default(true)
      .describe('Whether no further ones follow while one is not Ready after `deadlineMinutes`.'),
    deadlineMinutes: z
      .int32()
      .min(1)
      .max(1440)
      .default(15)
      .describe('Minutes within which a control plane has to be Ready with a new generation.'),
    paused: z
      .boolean()
      .default(false)
      .describe('Whether control planes stay at the generation that they have.'),
  })
  .prefault({})
  .describe('How a change of the class reaches the control planes that there are; new ones take the newest.');

export const controlPlaneClassSpec = z.object({
  description: z.string().max(1024).optional().describe('For people: what the class is for.'),
  versions,
  sizes: sizes.optional(),
  replicas: replicas.prefault({}),
  dataStoreSelector: labelSelector
    .optional()
    .describe('Labels of the DataStores that new control planes may be on, besides those that they ask for.'),
  addons: addons.optional(),
  backup: backup.optional(),
  limits,
  rollout,
});

const names = z.array(z.string().max(320)).max(10).meta({ 'x-kubernetes-list-type': 'atomic' });

export const controlPlaneClassStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  controlPlanes: z.int32().min(0).optional().describe('TenantControlPlanes of this class.'),
  updated: z.int32().min(0).optional().describe('Those that are Ready with the newest generation.'),
  usedBy: names.optional().describe('Ten of them at most, `namespace/name`.'),
  underWay: names.optional().describe('Those on their way to the newest generation; ten at most.'),
  failed: names.optional().describe('Those not Ready with it in time; ten at most.'),
  unfit: names
    .optional()
    .describe('Those that ask for something that the newest generation does not offer; ten at most.'),
});

export type ControlPlaneClassSpec = z.output<typeof controlPlaneClassSpec>;
export type ControlPlaneClassStatus = z.output<typeof controlPlaneClassStatus>;
/** What a class says of each of its control planes: all but how changes are rolled out. */
export type ClassSettings = Omit<ControlPlaneClassSpec, 'description' | 'rollout'>;

export interface ControlPlaneClass extends KubeObject {
  spec: ControlPlaneClassSpec;
  status?: ControlPlaneClassStatus;
}

export const controlPlaneClasses: Resource<ControlPlaneClass> = {
  apiVersion,
  kind: 'ControlPlaneClass',
  plural: 'controlplaneclasses',
  namespaced: false,
};
