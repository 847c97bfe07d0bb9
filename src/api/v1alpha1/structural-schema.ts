import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ValidationRule } from './meta.ts';

/** What the API server takes as the schema of a custom resource: the structural subset of OpenAPI 3.0 (KEP-1002). */
export interface StructuralSchema {
  description?: string;
  type?: 'array' | 'boolean' | 'integer' | 'number' | 'object' | 'string';
  format?: string;
  nullable?: boolean;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
  maxProperties?: number;
  required?: readonly string[];
  properties?: Readonly<Record<string, StructuralSchema>>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  oneOf?: readonly StructuralSchema[];
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'map' | 'set';
  'x-kubernetes-list-map-keys'?: readonly string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** A zod schema says something that no structural schema can; `path` is where, e.g. `spec.items[].value`. */
export class StructuralSchemaError extends Error {
  override readonly name = 'StructuralSchemaError';
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.path = path;
  }
}

/**
 * The structural schema of what `schema` accepts. Meta keys that begin with `x-kubernetes-` pass through.
 * Checks that JSON Schema cannot say (`.refine()`, lengths of map keys) do not reach it.
 * @throws StructuralSchemaError for what JSON Schema can say and a structural schema cannot
 */
export function structuralSchema(schema: z.ZodType, path: string): StructuralSchema {
  return convert(z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0' }), path);
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** Copied as they are, in the order in which they are written. */
const copied = [
  'description',
  'type',
  'format',
  'nullable',
  'default',
  'enum',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
  'required',
] as const satisfies readonly (keyof StructuralSchema)[];

/** Carry no check that the API server could make, or one that another keyword makes too. */
const dropped = new Set(['$schema', 'id', 'title', 'propertyNames', 'contentEncoding', 'contentMediaType']);

const nested = new Set(['properties', 'additionalProperties', 'items', 'oneOf', 'anyOf']);

/** Formats that the API server checks or uses; the checks of others are in the pattern that comes with them. */
const knownFormats = new Set([
  'int32',
  'int64',
  'float',
  'double',
  'byte',
  'date',
  'date-time',
  'duration',
  'password',
]);

function convert(source: JsonSchema, path: string): StructuralSchema {
  const node = withoutUnion(source, path);
  const known = new Set<string>(copied);
  for (const keyword of Object.keys(node)) {
    if (!known.has(keyword) && !nested.has(keyword) && !dropped.has(keyword)) {
      throw new StructuralSchemaError(path, `structural schemas have no ${keyword}`);
    }
  }
  const result: StructuralSchema = {
    ...Object.fromEntries(
      copied.filter((keyword) => node[keyword] !== undefined).map((keyword) => [keyword, node[keyword]]),
    ),
    ...children(node, path),
  };
  // JavaScript escapes slashes in the text of a regular expression.
  if (result.pattern) result.pattern = result.pattern.replaceAll('\\/', '/');
  if (result.format && !knownFormats.has(result.format)) delete result.format;
  if (result.type === 'integer') nameIntegerFormat(result);
  if (
    !result.type &&
    !result['x-kubernetes-int-or-string'] &&
    !result['x-kubernetes-preserve-unknown-fields']
  ) {
    throw new StructuralSchemaError(path, 'a field of any type must preserve unknown fields');
  }
  return result;
}

function children(node: JsonSchema, path: string): StructuralSchema {
  const result: StructuralSchema = {};
  const properties = Object.entries((node['properties'] ?? {}) as Record<string, JsonSchema>);
  if (properties.length > 0) {
    result.properties = Object.fromEntries(
      properties.map(([name, property]) => [name, convert(property, `${path}.${name}`)]),
    );
  }
  const others = node['additionalProperties'];
  if (isSchema(others)) {
    if (Object.keys(others).length === 0) result['x-kubernetes-preserve-unknown-fields'] = true;
    else result.additionalProperties = convert(others, `${path}.*`);
  }
  if (result.properties && result.additionalProperties) {
    throw new StructuralSchemaError(path, 'properties and additionalProperties exclude each other');
  }
  if (isSchema(node['items'])) result.items = convert(node['items'], `${path}[]`);
  if (node['oneOf']) result.oneOf = node['oneOf'] as StructuralSchema[];
  return result;
}

/** Integers are int64 unless they fit in 32 bits, as in Go; bounds that the format implies say nothing. */
function nameIntegerFormat(schema: StructuralSchema): void {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  schema.format ??= minimum >= -(2 ** 31) && maximum < 2 ** 31 ? 'int32' : 'int64';
  const limit = schema.format === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  if (minimum <= -limit) delete schema.minimum;
  if (maximum >= limit - 1) delete schema.maximum;
}

function withoutUnion(node: JsonSchema, path: string): JsonSchema {
  const { anyOf, oneOf, ...rest } = node;
  const branches = (anyOf ?? oneOf) as readonly JsonSchema[] | undefined;
  if (!branches) return node;
  const types = branches.map((branch) => branch['type']);
  if (isDeepStrictEqual(types.toSorted(), ['integer', 'string']))
    return { ...rest, 'x-kubernetes-int-or-string': true };
  if (types.every((type) => type === 'object')) return { ...rest, ...hoisted(branches, path) };
  throw new StructuralSchemaError(
    path,
    'only integer or string, and objects told apart by a field, can be a union',
  );
}

/**
 * One object with the properties of all branches; `oneOf` keeps what tells them apart. The API server fills in defaults
 * without knowing the branch, so a default may only be where every branch has it.
 */
function hoisted(branches: readonly JsonSchema[], path: string): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const branch of branches) {
    for (const [name, property] of Object.entries(propertiesOf(branch))) {
      const everywhere = branches.every((other) => isDeepStrictEqual(propertiesOf(other)[name], property));
      if ('default' in property && !everywhere) {
        throw new StructuralSchemaError(
          `${path}.${name}`,
          'a default must be the same in every branch of a union',
        );
      }
      properties[name] = merge(properties[name], property, `${path}.${name}`);
    }
  }
  const required = branches.map((branch) => (branch['required'] ?? []) as readonly string[]);
  return {
    type: 'object',
    properties,
    required: required[0]?.filter((name) => required.every((names) => names.includes(name))),
    oneOf: branches.map((branch, index) => ({
      properties: Object.fromEntries(
        Object.entries(propertiesOf(branch))
          .filter(([, property]) => property['enum'])
          .map(([name, property]) => [name, { enum: property['enum'] }]),
      ),
      required: required[index],
    })),
  };
}

function merge(before: JsonSchema | undefined, property: JsonSchema, path: string): JsonSchema {
  if (!before || isDeepStrictEqual(before, property)) return property;
  const { enum: first, ...restOfBefore } = before;
  const { enum: second, ...restOfProperty } = property;
  if (isList(first) && isList(second) && isDeepStrictEqual(restOfBefore, restOfProperty)) {
    return { ...restOfBefore, enum: [...new Set([...first, ...second])] };
  }
  throw new StructuralSchemaError(path, 'has different schemas in the branches of a union');
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Record<string, JsonSchema>;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
