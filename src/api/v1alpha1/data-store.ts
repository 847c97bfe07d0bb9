import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { apiVersion, conditions, immutable, int64, objectName, rules } from './meta.ts';

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
});

export const dataStoreStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  conditions: conditions.optional(),
  version: z.string().max(64).optional().describe('Version that the store reports.'),
  latencyMilliseconds: int64.min(0).optional().describe('How long the last linearizable read took.'),
  sizeBytes: int64.min(0).optional().describe('Size of the largest member’s database.'),
  tenants: z.int32().min(0).optional().describe('TenantControlPlanes that use this store.'),
  usedBy: z
    .array(z.string().max(320))
    .max(10)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Ten of them at most, `namespace/name`.'),
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
