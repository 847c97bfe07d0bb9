import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, immutable, int64, objectName, rules } from './meta.ts';
import { quantity } from './resources.ts';

const secretName = objectName(
  'Name of a kubernetes.io/tls Secret (`tls.crt`, `tls.key`) in Marina’s own namespace.',
);

const endpoint = z
  .string()
  .max(261)
  .regex(/^(\[[0-9a-fA-F:]+\]|[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?):[1-9][0-9]{0,4}$/)
  .meta(
    rules({
      rule: "!self.matches(':[0-9]{1,5}$') || int(self.substring(self.lastIndexOf(':') + 1)) <= 65535",
      message: 'must have a port of at most 65535',
    }),
  );

const capacity = z
  .object({
    storage: quantity
      .optional()
      .describe(
        'Bytes that the store may take on its disk. An etcd tells its own quota when this is left out; a Postgres knows none.',
      ),
    tenants: z
      .int32()
      .min(1)
      .max(100_000)
      .optional()
      .describe(
        'TenantControlPlanes that Marina places there at most; those that name the store are not counted out.',
      ),
  })
  .meta(
    rules({
      rule: "!has(self.storage) || !isQuantity(string(self.storage)) || quantity(string(self.storage)).compareTo(quantity('1Mi')) >= 0",
      message: 'must be 1Mi or more',
      fieldPath: '.storage',
    }),
  );

export const dataStoreSpec = z.object({
  driver: z.enum(['etcd', 'postgres']).meta(rules(immutable)).describe('Kind of the store.'),
  endpoints: z
    .array(endpoint)
    .min(1)
    .max(9)
    .meta({ 'x-kubernetes-list-type': 'set' })
    .describe('Members of an etcd, servers of a Postgres: `host:port`.'),
  tlsConfig: z
    .object({
      certificateAuthority: z
        .object({ secretName })
        .describe(
          'Signs the store’s server certificates and, with its key, each tenant’s client certificate.',
        ),
      clientCertificate: z
        .object({ secretName })
        .describe('The store’s root user or superuser; it never leaves Marina.'),
    })
    .describe('How Marina and the control planes prove who they are to the store, and it to them.'),
  capacity: capacity
    .optional()
    .describe('How much the store is meant to hold; warnings and placement go by it.'),
});

const largestTenant = z.object({
  partition: z.string().max(63).describe('The partition: the runtime id of its control plane.'),
  tenantControlPlane: z
    .string()
    .max(320)
    .optional()
    .describe('`namespace/name`; left out for a partition of nobody.'),
  bytes: int64
    .min(0)
    .describe('What it takes: on etcd an estimate of its live keys, on Postgres its database.'),
  keys: int64.min(0).describe('Objects in it.'),
});

export const dataStoreStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  version: z.string().max(64).optional().describe('Version that the store reports.'),
  storeId: z
    .string()
    .max(64)
    .optional()
    .describe('Who the store is: cluster id of an etcd, system identifier of a Postgres.'),
  latencyMilliseconds: int64
    .min(0)
    .optional()
    .describe('How long a linearizable read takes, the median of five; told when it moves by 100.'),
  sizeBytes: int64
    .min(0)
    .optional()
    .describe(
      'Size of the largest member’s database; told when it moves by a fifth and 64 MiB, or with `quotaPercent`.',
    ),
  quotaBytes: int64.min(0).optional().describe('What the store may take on its disk.'),
  quotaPercent: z
    .int32()
    .min(0)
    .optional()
    .describe('Share of the quota that is taken, in steps of 5, rounded down.'),
  connections: z
    .object({
      used: z.int32().min(0).describe('Connections in use; told when they move by a tenth of the limit.'),
      limit: z.int32().min(0).describe('Connections that are for anybody.'),
    })
    .optional()
    .describe('Of a store that has only so many.'),
  tenantCapacity: z
    .int32()
    .min(0)
    .optional()
    .describe(
      'TenantControlPlanes that the store is good for, by `spec.capacity.tenants` and by its connections.',
    ),
  tenants: z.int32().min(0).optional().describe('TenantControlPlanes that use this store.'),
  usedBy: z
    .array(z.string().max(320))
    .max(10)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Ten of them at most, `namespace/name`.'),
  largestTenants: z
    .array(largestTenant)
    .max(10)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe(
      'The ten partitions that take most, measured about once an hour, more often when space is low.',
    ),
});

export type DataStoreSpec = z.output<typeof dataStoreSpec>;
export type DataStoreStatus = z.output<typeof dataStoreStatus>;

export interface DataStore extends KubeObject {
  spec: DataStoreSpec;
  status?: DataStoreStatus;
}

export const dataStores: Resource<DataStore> = {
  apiVersion,
  kind: 'DataStore',
  plural: 'datastores',
  namespaced: false,
};
