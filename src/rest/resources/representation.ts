import { z } from 'zod';
import type { Kind } from '../../api/v1alpha1/crd.ts';
import { dnsLabelPattern } from '../../api/v1alpha1/meta.ts';
import type { KubeObject, ObjectList } from '../../kube/resource.ts';
import { partOfKind, patchOfKind } from '../openapi/kind-schema.ts';

/** A custom resource of Marina's, whichever kind it is. */
export interface CustomResource extends KubeObject {
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Said to clients, and checked by the API server. */
const labelKey = z.string().max(317).meta({
  pattern:
    '^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,3}/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$',
});
const labelValue = z.string().max(63).meta({ pattern: '^([A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?)?$' });
const labels = z.record(labelKey, labelValue);
const annotations = z.record(labelKey, z.string().max(65_536));
const time = z.string().meta({ format: 'date-time' });

/** What REST takes and shows of one kind; `id` is its name in OpenAPI. */
export function schemasOf(kind: Kind, id: string) {
  const spec = partOfKind(kind, 'spec', `${id}Spec`);
  const create = z
    .strictObject({
      name: z
        .string()
        .min(1)
        .max(kind.nameMaxLength)
        .regex(new RegExp(dnsLabelPattern), 'has to be a DNS label (RFC 1123), in lower case'),
      labels: labels.optional(),
      annotations: annotations.optional(),
      spec,
    })
    .meta({ id: `New${id}` });
  const patch = z
    .strictObject({
      labels: z.record(labelKey, labelValue.nullable()).optional(),
      annotations: z.record(labelKey, z.string().max(65_536).nullable()).optional(),
      spec: patchOfKind(kind, `${id}SpecPatch`).optional(),
    })
    .meta({ id: `${id}Patch`, description: 'A merge patch (RFC 7396): what is null is taken away.' });
  const shown = z
    .object({
      ...(kind.resource.namespaced && { namespace: z.string() }),
      name: z.string(),
      uid: z.string(),
      labels,
      annotations,
      createdAt: time,
      deletedAt: time.optional().describe('When its deletion was asked for.'),
      generation: z.int().min(0).describe('Counts the changes of `spec`.'),
      spec: z.record(z.string(), z.unknown()),
      status: partOfKind(kind, 'status', `${id}Status`),
    })
    .meta({ id, description: kind.description });
  const page = z
    .object({
      items: z.array(shown),
      cursor: z.string().optional().describe('Where the next page begins; left out on the last one.'),
    })
    .meta({ id: `${id}Page` });
  return { create, patch, shown, page };
}

export type NewResource = z.output<ReturnType<typeof schemasOf>['create']>;
/** RFC 7396: what is null is taken away. */
export type ResourcePatch = z.output<ReturnType<typeof schemasOf>['patch']>;

/** A custom resource as REST shows it: without what only Kubernetes needs. */
export interface Shown {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly deletedAt?: string;
  readonly generation: number;
  readonly spec: unknown;
  readonly status: unknown;
}

export interface Page {
  readonly items: readonly Shown[];
  readonly cursor?: string;
}

export function show({ metadata = {}, spec, status }: CustomResource): Shown {
  const { namespace, name = '', uid = '', creationTimestamp = '', deletionTimestamp } = metadata;
  return {
    ...(namespace !== undefined && { namespace }),
    name,
    uid,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    createdAt: creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletedAt: deletionTimestamp }),
    generation: metadata.generation ?? 0,
    spec: spec ?? {},
    status: status ?? {},
  };
}

export function showPage({ items, metadata }: ObjectList<CustomResource>): Page {
  return { items: items.map(show), ...(metadata.continue && { cursor: metadata.continue }) };
}

/** A strong one: the version that the API server gives to each change. */
export function etagOf({ metadata }: KubeObject): string {
  return `"${metadata?.resourceVersion ?? ''}"`;
}
