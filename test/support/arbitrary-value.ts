import fc from 'fast-check';
import type { StructuralSchema } from '../../src/api/v1alpha1/structural-schema.ts';

/**
 * Values that a schema accepts, in all their incompleteness: what may be left out sometimes is, fields that there are not
 * sometimes are. Strings come from `fixed` (by path), from enums and from defaults; optional ones without any are left out.
 */
export function arbitraryValue(
  path: string,
  schema: StructuralSchema,
  fixed: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> | undefined {
  if (fixed[path]) return fixed[path];
  if (schema.properties) return arbitraryObject(path, schema, fixed);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer') return fc.integer({ min: schema.minimum, max: schema.maximum });
  return schema.default === undefined ? undefined : fc.constant(schema.default);
}

function arbitraryObject(
  path: string,
  schema: StructuralSchema,
  fixed: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> {
  const fields: Record<string, fc.Arbitrary<unknown>> = { unheardOf: fc.constant({ of: ['any', 'kind'] }) };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const field = arbitraryValue(`${path}.${name}`, property, fixed);
    if (field) fields[name] = field;
  }
  return fc.record(fields, { requiredKeys: [...(schema.required ?? [])] });
}
