import { z } from 'zod';
import type { Kind } from '../../api/v1alpha1/crd.ts';
import { structuralSchema, type StructuralSchema } from '../../api/v1alpha1/structural-schema.ts';

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Spec or status of a kind as its CRD has it. It checks nothing here: what a spec may say is the API server's to judge, which has the
 * rules and the policies too.
 */
export function partOfKind(kind: Kind, part: 'spec' | 'status', id: string): z.ZodType {
  return saidToBe(toJsonSchema(structuralSchema(kind[part], part), part === 'spec'), id);
}

/** A merge patch (RFC 7396) of a kind's spec, as `partOfKind`. */
export function patchOfKind(kind: Kind, id: string): z.ZodType<Record<string, unknown>> {
  // There is always one.
  return saidToBe({ ...toPatchSchema(structuralSchema(kind.spec, 'spec')), type: 'object' }, id);
}

/** Any object, of which the OpenAPI document says that it is like this. */
function saidToBe(schema: JsonSchema, id: string): z.ZodType<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).meta({
    id,
    override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
      for (const keyword of Object.keys(jsonSchema)) delete jsonSchema[keyword];
      Object.assign(jsonSchema, schema);
    },
  });
}

/** Nothing of an object has to be there, and all of it may be null; lists are replaced as a whole. */
function toPatchSchema(schema: StructuralSchema): JsonSchema {
  const { properties, additionalProperties, oneOf: _, required: __, default: ___, ...same } = schema;
  const { type, enum: values, ...rest } = toJsonSchema(same, true);
  const isClosed = properties !== undefined && same['x-kubernetes-preserve-unknown-fields'] !== true;
  return {
    ...rest,
    ...(type !== undefined && { type: [...new Set([type, 'null'].flat())] }),
    ...(Array.isArray(values) && { enum: [...(values as unknown[]), null] }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, toPatchSchema(property)]),
      ),
    }),
    ...(additionalProperties && { additionalProperties: toPatchSchema(additionalProperties) }),
    ...(isClosed && { additionalProperties: false }),
  };
}

/**
 * From the dialect of CRDs (OpenAPI 3.0, structural) to JSON Schema 2020-12.
 * `isClosed`: whether objects take the named properties only, as the API server judges what is written.
 */
export function toJsonSchema(schema: StructuralSchema, isClosed: boolean): JsonSchema {
  const {
    nullable,
    exclusiveMinimum,
    exclusiveMaximum,
    properties,
    additionalProperties,
    items,
    oneOf,
    'x-kubernetes-int-or-string': isIntOrString,
    'x-kubernetes-preserve-unknown-fields': isOpen,
    ...same
  } = schema;
  const type = isIntOrString ? ['integer', 'string'] : same.type;
  const convert = (inner: StructuralSchema) => toJsonSchema(inner, isClosed);
  return {
    ...same,
    ...(type !== undefined && { type: nullable ? [type, 'null'].flat() : type }),
    ...(exclusiveMinimum && { exclusiveMinimum: same.minimum, minimum: undefined }),
    ...(exclusiveMaximum && { exclusiveMaximum: same.maximum, maximum: undefined }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, property]) => [name, convert(property)]),
      ),
    }),
    ...(additionalProperties && { additionalProperties: convert(additionalProperties) }),
    ...(isClosed && properties && !isOpen && { additionalProperties: false }),
    ...(items && { items: convert(items) }),
    // Branches only tell apart; they must not close what they do not name.
    ...(oneOf && { oneOf: oneOf.map((branch) => toJsonSchema(branch, false)) }),
  };
}
