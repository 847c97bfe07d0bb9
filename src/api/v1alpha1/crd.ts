import type { V1JSONSchemaProps } from '@kubernetes/client-node';
import type { z } from 'zod';
import type { Resource } from '../../kube/resource.ts';
import type { CustomResourceDefinition } from '../../kube/resources.ts';
import { backupStorages, backupStorageSpec, backupStorageStatus } from './backup-storage.ts';
import {
  controlPlaneClasses,
  controlPlaneClassSpec,
  controlPlaneClassStatus,
} from './control-plane-class.ts';
import { classStays } from './class-in-force.ts';
import { controlPlaneQuotas, controlPlaneQuotaSpec, controlPlaneQuotaStatus } from './control-plane-quota.ts';
import { dataStores, dataStoreSpec, dataStoreStatus } from './data-store.ts';
import {
  kubeconfigTemplates,
  kubeconfigTemplateSpec,
  kubeconfigTemplateStatus,
} from './kubeconfig-template.ts';
import { dnsLabelPattern, type ValidationRule } from './meta.ts';
import { structuralSchema, type StructuralSchema } from './structural-schema.ts';
import { tenantBackups, tenantBackupSpec, tenantBackupStatus } from './tenant-backup.ts';
import {
  tenantControlPlanes,
  tenantControlPlaneSpec,
  tenantControlPlaneStatus,
} from './tenant-control-plane.ts';
import { tenantKubeconfigs, tenantKubeconfigSpec, tenantKubeconfigStatus } from './tenant-kubeconfig.ts';
import { tenantRestores, tenantRestoreSpec, tenantRestoreStatus } from './tenant-restore.ts';

interface PrinterColumn {
  readonly name: string;
  readonly type: 'date' | 'integer' | 'string';
  readonly jsonPath: string;
  readonly description?: string;
  /** Columns above 0 are shown with `-o wide` only. */
  readonly priority?: number;
}

/** One kind of marina.dev, as the API server is to know it. */
export interface Kind {
  readonly resource: Resource;
  readonly description: string;
  readonly shortNames: readonly string[];
  readonly nameMaxLength: number;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** What the specification may become, by what the status says. */
  readonly rules?: readonly ValidationRule[];
  readonly scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
  readonly columns: readonly PrinterColumn[];
}

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };
const ready: PrinterColumn = {
  name: 'Ready',
  type: 'string',
  jsonPath: ".status.conditions[?(@.type=='Ready')].status",
};
const reason: PrinterColumn = {
  name: 'Reason',
  type: 'string',
  jsonPath: ".status.conditions[?(@.type=='Ready')].reason",
  priority: 1,
};

export const kinds: readonly Kind[] = [
  {
    resource: tenantControlPlanes,
    description:
      'The control plane of one tenant’s Kubernetes cluster, run as pods in the management cluster.',
    shortNames: ['tcp'],
    // Names derived from it, and labels that hold it, have 63 characters.
    nameMaxLength: 52,
    spec: tenantControlPlaneSpec,
    status: tenantControlPlaneStatus,
    rules: classStays,
    scale: {
      specReplicasPath: '.spec.controlPlane.deployment.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
    columns: [
      { name: 'Version', type: 'string', jsonPath: '.status.version' },
      ready,
      { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
      { name: 'Endpoint', type: 'string', jsonPath: '.status.controlPlaneEndpoint' },
      { name: 'DataStore', type: 'string', jsonPath: '.spec.dataStore' },
      age,
      reason,
    ],
  },
  {
    resource: dataStores,
    description: 'A store that keeps the state of many tenant clusters, each walled off from the others.',
    // `ds` is the DaemonSet’s.
    shortNames: ['mds'],
    nameMaxLength: 63,
    spec: dataStoreSpec,
    status: dataStoreStatus,
    columns: [
      { name: 'Driver', type: 'string', jsonPath: '.spec.driver' },
      ready,
      { name: 'Version', type: 'string', jsonPath: '.status.version' },
      { name: 'Tenants', type: 'integer', jsonPath: '.status.tenants' },
      {
        name: 'Used',
        type: 'integer',
        jsonPath: '.status.quotaPercent',
        description: 'Percent of the quota, in steps of 5.',
      },
      age,
      reason,
    ],
  },
  {
    resource: backupStorages,
    description: 'Where archives of tenant clusters are kept, and for whom they are encrypted.',
    shortNames: ['bst'],
    nameMaxLength: 63,
    spec: backupStorageSpec,
    status: backupStorageStatus,
    columns: [
      { name: 'Bucket', type: 'string', jsonPath: '.spec.s3.bucket' },
      ready,
      { name: 'Endpoint', type: 'string', jsonPath: '.spec.s3.endpoint', priority: 1 },
      age,
      reason,
    ],
  },
  {
    resource: tenantBackups,
    description:
      'Archives of the state of one tenant cluster: one, or one each time that a schedule says so.',
    shortNames: ['tbk'],
    nameMaxLength: 63,
    spec: tenantBackupSpec,
    status: tenantBackupStatus,
    columns: [
      { name: 'Tenant', type: 'string', jsonPath: '.spec.tenantControlPlane' },
      { name: 'Schedule', type: 'string', jsonPath: '.spec.schedule.cron' },
      ready,
      { name: 'Last', type: 'date', jsonPath: '.status.lastScheduleTime' },
      { name: 'Storage', type: 'string', jsonPath: '.spec.storage', priority: 1 },
      age,
      reason,
    ],
  },
  {
    resource: tenantRestores,
    description: 'Brings the state of a tenant cluster back from an archive, in place or as a clone.',
    shortNames: ['trs'],
    nameMaxLength: 63,
    spec: tenantRestoreSpec,
    status: tenantRestoreStatus,
    columns: [
      { name: 'Tenant', type: 'string', jsonPath: '.spec.tenantControlPlane' },
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
      ready,
      { name: 'Taken', type: 'date', jsonPath: '.status.archive.takenAt' },
      age,
      { ...reason, priority: 0 },
    ],
  },
  {
    resource: tenantKubeconfigs,
    description:
      'A kubeconfig for one tenant cluster, with a client certificate of its own and the rights that are given to it alone.',
    shortNames: ['tkc'],
    nameMaxLength: 63,
    spec: tenantKubeconfigSpec,
    status: tenantKubeconfigStatus,
    columns: [
      { name: 'Tenant', type: 'string', jsonPath: '.spec.controlPlaneName' },
      { name: 'User', type: 'string', jsonPath: '.spec.user' },
      { name: 'Role', type: 'string', jsonPath: '.spec.clusterRole' },
      ready,
      { name: 'Ends', type: 'string', jsonPath: '.status.notAfter' },
      age,
      reason,
    ],
  },
  {
    resource: kubeconfigTemplates,
    description: 'Makes one TenantKubeconfig for each of the tenant clusters that it selects.',
    shortNames: ['kct'],
    nameMaxLength: 63,
    spec: kubeconfigTemplateSpec,
    status: kubeconfigTemplateStatus,
    columns: [
      { name: 'Selected', type: 'integer', jsonPath: '.status.selected' },
      { name: 'Issued', type: 'integer', jsonPath: '.status.ready' },
      ready,
      age,
      reason,
    ],
  },
  {
    resource: controlPlaneClasses,
    description:
      'What a platform team offers: versions, sizes and limits of control planes, and how changes reach them.',
    shortNames: ['cpc'],
    nameMaxLength: 63,
    spec: controlPlaneClassSpec,
    status: controlPlaneClassStatus,
    columns: [
      { name: 'Default', type: 'string', jsonPath: '.spec.versions.default' },
      { name: 'ControlPlanes', type: 'integer', jsonPath: '.status.controlPlanes' },
      { name: 'Updated', type: 'integer', jsonPath: '.status.updated' },
      { name: 'RolledOut', type: 'string', jsonPath: ".status.conditions[?(@.type=='RolledOut')].reason" },
      age,
    ],
  },
  {
    resource: controlPlaneQuotas,
    description: 'How many control planes a namespace may have, and how large they may be together.',
    shortNames: ['cpq'],
    nameMaxLength: 63,
    spec: controlPlaneQuotaSpec,
    status: controlPlaneQuotaStatus,
    columns: [
      { name: 'Used', type: 'integer', jsonPath: '.status.used.controlPlanes' },
      { name: 'Hard', type: 'integer', jsonPath: '.status.hard.controlPlanes' },
      { name: 'CPU', type: 'string', jsonPath: '.status.used.cpu' },
      { name: 'Memory', type: 'string', jsonPath: '.status.used.memory' },
      age,
    ],
  },
];

export function customResourceDefinitions(): CustomResourceDefinition[] {
  return kinds.map(customResourceDefinition);
}

/** The schema of whole objects of a kind. */
export function objectSchema(kind: Kind): StructuralSchema {
  return {
    description: kind.description,
    type: 'object',
    required: ['spec'],
    ...(kind.rules && { 'x-kubernetes-validations': kind.rules }),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: {
        type: 'object',
        properties: { name: { type: 'string', maxLength: kind.nameMaxLength, pattern: dnsLabelPattern } },
      },
      spec: structuralSchema(kind.spec, 'spec'),
      status: structuralSchema(kind.status, 'status'),
    },
  };
}

function customResourceDefinition(kind: Kind): CustomResourceDefinition {
  const { apiVersion, kind: name, plural, namespaced } = kind.resource;
  const [group = '', version = ''] = apiVersion.split('/');
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: name.toLowerCase(),
        shortNames: [...kind.shortNames],
        categories: ['marina'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {}, ...(kind.scale && { scale: kind.scale }) },
          additionalPrinterColumns: [...kind.columns],
          // The client's model spells the keywords of JSON Schema its own way; objects here are as on the wire.
          schema: { openAPIV3Schema: objectSchema(kind) as unknown as V1JSONSchemaProps },
        },
      ],
    },
  };
}
