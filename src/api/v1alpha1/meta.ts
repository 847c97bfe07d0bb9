import { z } from 'zod';

export const apiGroup = 'marina.dev';
export const apiVersion = `${apiGroup}/v1alpha1`;

/** A rule of the Common Expression Language that the API server checks (KEP-2876). */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly fieldPath?: string;
  readonly reason?:
    'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
}

/** The `meta` of a schema that carries CEL rules into the CRD. */
export function rules(...validations: readonly ValidationRule[]): Record<string, unknown> {
  return { 'x-kubernetes-validations': validations };
}

/**
 * A field with the shape of a pod field of the core API. It is kept as it is and checked by the API server in a
 * dry-run of the Deployment that it ends up in, so that Marina never lags behind what pods can say.
 */
export function podShaped<T>(kind: 'object' | 'array', description: string): z.ZodType<T, T> {
  const item = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true });
  const schema = kind === 'object' ? item : z.array(item).max(64);
  return schema.describe(description) as unknown as z.ZodType<T, T>;
}

/** RFC 1123 label. */
export const dnsLabelPattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

const label = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

/** RFC 1123 subdomain: labels of at most 63 characters; the whole length is for the field to limit. */
export const dnsNamePattern = `^${label}([.]${label})*$`;

/** `dnsNamePattern` that may begin with `*.`, as names in certificates do. */
export const wildcardDnsNamePattern = `^([*][.])?${label}([.]${label})*$`;

/** Name of a Secret, PriorityClass or RuntimeClass. */
export function objectName(description: string) {
  return z.string().min(1).max(253).regex(new RegExp(dnsNamePattern)).describe(description);
}

/** One part of an image's path (github.com/distribution/reference). */
const pathPart = '[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*';
const hostLabel = '[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?';

/** Registry and path of an image, e.g. `registry.example.com:5000/mirror/kubernetes`; with a name it has 255 characters. */
export const imageRepository = z
  .string()
  .min(1)
  .max(191)
  .regex(new RegExp(`^(${hostLabel}([.]${hostLabel})*|\\[[0-9a-fA-F:]+\\])(:[0-9]{1,5})?(/${pathPart})*$`));

/** Last part of an image's path. */
export const imageName = z
  .string()
  .min(1)
  .max(63)
  .regex(new RegExp(`^${pathPart}(/${pathPart})*$`));

export const imageTag = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[a-zA-Z0-9_][-.a-zA-Z0-9_]*$/);

export const immutable = { rule: 'self == oldSelf', message: 'is immutable' } as const;

export const int64 = z.number().meta({ type: 'integer', format: 'int64' });

/** metav1.Condition. */
export const condition = z
  .object({
    type: z.string().max(316).describe('Which aspect.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    observedGeneration: int64.optional().describe('metadata.generation that this was found for.'),
    lastTransitionTime: z
      .string()
      .max(64)
      .meta({ format: 'date-time' })
      .describe('When `status` last changed.'),
    reason: z.string().min(1).max(1024).describe('One word for machines, in CamelCase.'),
    message: z.string().max(32768).describe('For people: what was found and what to do about it.'),
  })
  .describe('One aspect of the observed state, as metav1.Condition.');

export const conditions = z
  .array(condition)
  .max(32)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .describe('What was observed, one entry for each aspect.');

const qualifiedKeys = {
  rule: 'self.all(key, !format.qualifiedName().validate(key).hasValue())',
  message: 'each key must be a qualified name, `prefix/name` or `name`',
} as const;

const labelValues = {
  rule: 'self.all(key, !format.labelValue().validate(self[key]).hasValue())',
  message: 'each value must be a label value',
} as const;

/** Label keys and values, as in metadata.labels or a node selector. */
export const labels = z
  .record(z.string().max(317), z.string().max(63))
  .meta({ maxProperties: 64, ...rules(qualifiedKeys, labelValues) });

const annotations = z
  .record(z.string().max(317), z.string().max(32768))
  .meta({ maxProperties: 64, ...rules(qualifiedKeys) });

export const labelsAndAnnotations = z
  .object({
    labels: labels.optional().describe('Labels to add.'),
    annotations: annotations.optional().describe('Annotations to add.'),
  })
  .describe('Labels and annotations added to those that Marina sets; Marina’s own keys win.');

const jsonPointer = z
  .string()
  .max(1024)
  .regex(/^(\/([^~]|~[01])*)?$/);

/** RFC 6902 operation. */
export const jsonPatchOperation = z
  .object({
    op: z
      .enum(['add', 'remove', 'replace', 'move', 'copy', 'test'])
      .describe('What is done, as in RFC 6902.'),
    path: jsonPointer.describe('JSON Pointer (RFC 6901) of the field.'),
    from: jsonPointer.optional().describe('JSON Pointer of the source, for `move` and `copy`.'),
    value: z
      .unknown()
      .optional()
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .describe('What to put there, for `add`, `replace` and `test`.'),
  })
  .meta(
    rules({
      rule: "!(self.op in ['move', 'copy']) || has(self.from)",
      message: 'is needed for move and copy',
      fieldPath: '.from',
      reason: 'FieldValueRequired',
    }),
  );
