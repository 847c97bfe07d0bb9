import { z } from 'zod';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';

const name = z.string().min(1).max(63);
const labels = z.record(z.string().max(317), z.string().max(63));
const annotations = z.record(z.string().max(317), z.string().max(65_536));
/** What it may say is the API server's to judge: it has the schema, the rules and the policies. */
const spec = z.record(z.string(), z.unknown());

export const newControlPlane = z.strictObject({
  name,
  labels: labels.optional(),
  annotations: annotations.optional(),
  spec,
});

/** RFC 7396: what is null is taken away. */
export const controlPlanePatch = z.strictObject({
  labels: z.record(z.string().max(317), z.string().max(63).nullable()).optional(),
  annotations: z.record(z.string().max(317), z.string().max(65_536).nullable()).optional(),
  spec: spec.optional(),
});

export type NewControlPlane = z.output<typeof newControlPlane>;
export type ControlPlanePatch = z.output<typeof controlPlanePatch>;

/** A TenantControlPlane as REST shows it: without what only Kubernetes needs. */
export interface ControlPlane {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** When its deletion was asked for. */
  readonly deletedAt?: string;
  readonly generation: number;
  readonly spec: unknown;
  readonly status: unknown;
}

export function toControlPlane({ metadata = {}, spec, status }: TenantControlPlane): ControlPlane {
  const { namespace = '', name = '', uid = '', creationTimestamp = '', deletionTimestamp } = metadata;
  return {
    namespace,
    name,
    uid,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    createdAt: creationTimestamp,
    ...(deletionTimestamp !== undefined && { deletedAt: deletionTimestamp }),
    generation: metadata.generation ?? 0,
    spec,
    status: status ?? {},
  };
}

/** A strong one: the version that the API server gives to each change. */
export function etagOf({ metadata }: TenantControlPlane): string {
  return `"${metadata?.resourceVersion ?? ''}"`;
}
