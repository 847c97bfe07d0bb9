import fc from 'fast-check';
import { kinds, objectSchema } from '../../src/api/v1alpha1/crd.ts';
import type { StructuralSchema } from '../../src/api/v1alpha1/structural-schema.ts';
import { specFields } from './arbitrary-fields.ts';
import { bulk, nested, odd } from './arbitrary-parts.ts';

/** A spec as somebody might write it, and what is known of it. */
export interface WrittenSpec {
  readonly spec: Readonly<Record<string, unknown>>;
  /** Of the field that is wrong; undefined for a spec of which nothing is known. */
  readonly broken?: string;
}

/** Specs without a fault. */
export const goodSpecs: fc.Arbitrary<WrittenSpec> = fc
  .record(Object.fromEntries(specFields.map(({ path, good }) => [path, good])), {
    requiredKeys: ['kubernetes.version'],
  })
  .map((values) => ({ spec: assemble(values) }));

/** Specs with exactly one fault, whose place is known. */
export const brokenSpecs: fc.Arbitrary<WrittenSpec> = fc
  .tuple(goodSpecs, fc.constantFrom(...specFields))
  .chain(([{ spec }, { path, bad }]) =>
    bad.map((value) => ({ spec: put(spec, path.split('.'), value), broken: `spec.${path}` })),
  );

/** Specs with any JSON in any place of the schema, mostly a little. */
export const wildSpecs: fc.Arbitrary<WrittenSpec> = fc
  .tuple(
    goodSpecs,
    fc.array(fc.tuple(fc.constantFrom(...pathsOfSchema()), anything()), { minLength: 1, maxLength: 4 }),
  )
  .map(([{ spec }, changes]) => ({
    spec: changes.reduce((before, [path, value]) => put(before, path, value), spec),
  }));

function anything(): fc.Arbitrary<unknown> {
  return fc.oneof(
    odd,
    fc.jsonValue({ maxDepth: 4 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer(),
    fc.constantFrom<unknown>(null, nested(200), bulk(70, 10), Array(200).fill('x'), 1e308, -0),
  );
}

/** Every place below `spec` that the CRD knows, elements of lists by 0 and of maps by `key`. */
function pathsOfSchema(): readonly (readonly string[])[] {
  const kind = kinds.find(({ resource }) => resource.kind === 'TenantControlPlane');
  const spec = kind && objectSchema(kind).properties?.['spec'];
  return spec ? placesIn(spec, []) : [];
}

function placesIn(schema: StructuralSchema, path: readonly string[]): readonly (readonly string[])[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => placesIn(field, [...path, name])),
    ...(schema.items ? placesIn(schema.items, [...path, '0']) : []),
    ...(schema.additionalProperties ? placesIn(schema.additionalProperties, [...path, 'key']) : []),
  ];
  return path.length > 0 ? [path, ...below] : below;
}

function assemble(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // Parents come before what is below them.
  return Object.entries(values)
    .toSorted(([a], [b]) => a.length - b.length)
    .reduce<Record<string, unknown>>((spec, [path, value]) => put(spec, path.split('.'), value), {});
}

/** A copy of `target` with `value` at `path`. */
function put(
  target: unknown,
  [name = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (Array.isArray(target)) {
    const list: unknown[] = [...(target as unknown[])];
    list[Number(name) || 0] = rest.length === 0 ? value : put(list[0], rest, value);
    return list as unknown as Record<string, unknown>;
  }
  const before = typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
  if (name === '0' && Object.keys(before).length === 0) return put([], [name, ...rest], value);
  const isMerged = rest.length === 0 && isPlain(before[name]) && isPlain(value);
  const after =
    rest.length > 0
      ? put(before[name], rest, value)
      : isMerged
        ? { ...(before[name] as object), ...(value as object) }
        : value;
  return { ...before, [name]: after };
}

function isPlain(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
