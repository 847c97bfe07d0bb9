import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { podShaped, rules } from './meta.ts';
import { structuralSchema, StructuralSchemaError } from './structural-schema.ts';

describe('structuralSchema', () => {
  test('keeps bounds, patterns, enums, descriptions, required fields and defaults', () => {
    const schema = z.object({
      name: z
        .string()
        .min(1)
        .max(63)
        .regex(/^[a-z]\/[a-z]+$/)
        .describe('Its name.'),
      size: z.enum(['Small', 'Large']).default('Small'),
      ports: z.array(z.string().max(9)).min(1).max(4).optional(),
      nothing: z.string().max(9).nullable(),
    });

    expect(structuralSchema(schema, 'spec')).toEqual({
      type: 'object',
      required: ['name', 'nothing'],
      properties: {
        name: {
          description: 'Its name.',
          type: 'string',
          minLength: 1,
          maxLength: 63,
          pattern: '^[a-z]/[a-z]+$',
        },
        size: { type: 'string', enum: ['Small', 'Large'], default: 'Small' },
        ports: { type: 'array', minItems: 1, maxItems: 4, items: { type: 'string', maxLength: 9 } },
        nothing: { type: 'string', maxLength: 9, nullable: true },
      },
    });
  });

  test('gives an object of defaults an empty object as its own default, so that the server fills it in', () => {
    const schema = z.object({
      outer: z.object({ inner: z.object({ on: z.boolean().default(true) }).prefault({}) }).prefault({}),
    });

    expect(structuralSchema(schema, 'spec').properties?.['outer']).toEqual({
      type: 'object',
      default: {},
      properties: {
        inner: { type: 'object', default: {}, properties: { on: { type: 'boolean', default: true } } },
      },
    });
  });

  test('keeps description and rules of a schema that is wrapped as optional or given a default', () => {
    const name = z
      .string()
      .max(9)
      .meta(rules({ rule: "self != 'x'", message: 'must not be x' }))
      .describe('Its name.');
    const schema = z.object({ a: name.optional(), b: name.default('b'), c: name.describe('Another.') });

    const { a, b, c } = structuralSchema(schema, 'spec').properties ?? {};
    for (const field of [a, b, c]) {
      expect(field?.['x-kubernetes-validations']).toEqual([
        { rule: "self != 'x'", message: 'must not be x' },
      ]);
    }
    expect([a?.description, b?.description, c?.description]).toEqual(['Its name.', 'Its name.', 'Another.']);
  });

  test('names the format of integers and drops the bounds that it implies', () => {
    const schema = z.object({
      replicas: z.int32(),
      port: z.int32().min(1).max(65535),
      bytes: z.int(),
      count: z.number().min(0).meta({ type: 'integer', format: 'int64' }),
    });

    expect(structuralSchema(schema, 'spec').properties).toEqual({
      replicas: { type: 'integer', format: 'int32' },
      port: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
      bytes: { type: 'integer', format: 'int64' },
      count: { type: 'integer', format: 'int64', minimum: 0 },
    });
  });

  test('drops formats that the API server does not know and keeps the pattern that comes with them', () => {
    const schema = z.object({
      mail: z.email().max(99),
      when: z.string().max(64).meta({ format: 'date-time' }),
    });

    const { mail, when } = structuralSchema(schema, 'spec').properties ?? {};
    expect(mail?.format).toBeUndefined();
    expect(mail?.pattern).toContain('@');
    expect(when).toEqual({ type: 'string', maxLength: 64, format: 'date-time' });
  });

  test('keeps unknown fields of pod-shaped fields, loose objects and values of any type, and of nothing else', () => {
    const schema = z.strictObject({
      affinity: podShaped<unknown>('object', 'As in a Pod.'),
      tolerations: podShaped<unknown[]>('array', 'As in a Pod.'),
      loose: z.looseObject({ known: z.boolean() }),
      value: z.unknown().meta({ 'x-kubernetes-preserve-unknown-fields': true }),
    });

    const keepsAll = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const converted = structuralSchema(schema, 'spec');
    expect(converted.additionalProperties).toBeUndefined();
    expect(converted['x-kubernetes-preserve-unknown-fields']).toBeUndefined();
    expect(converted.properties).toEqual({
      affinity: { ...keepsAll, description: 'As in a Pod.' },
      tolerations: { type: 'array', maxItems: 64, items: keepsAll, description: 'As in a Pod.' },
      loose: { ...keepsAll, required: ['known'], properties: { known: { type: 'boolean' } } },
      value: { 'x-kubernetes-preserve-unknown-fields': true },
    });
  });

  test('makes maps of records, without the names of their keys', () => {
    const schema = z.object({ labels: z.record(z.string().max(317), z.string().max(63)) });

    expect(structuralSchema(schema, 'spec').properties?.['labels']).toEqual({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 63 },
    });
  });

  test('turns a union of integer and string into int-or-string', () => {
    const schema = z.object({
      surge: z
        .union([z.int32(), z.string().max(9)])
        .default('25%')
        .describe('How many.'),
    });

    expect(structuralSchema(schema, 'spec').properties?.['surge']).toEqual({
      description: 'How many.',
      default: '25%',
      'x-kubernetes-int-or-string': true,
    });
  });

  test('hoists the properties of a discriminated union and keeps what tells the branches apart', () => {
    const store = z.discriminatedUnion('driver', [
      z.object({ driver: z.literal('etcd'), name: z.string().max(9), prefix: z.string().max(9) }),
      z.object({
        driver: z.literal('Postgres'),
        name: z.string().max(9),
        schema: z.string().max(9).optional(),
      }),
    ]);

    const text = { type: 'string', maxLength: 9 };
    expect(structuralSchema(z.object({ store }), 'spec').properties?.['store']).toEqual({
      type: 'object',
      required: ['driver', 'name'],
      properties: {
        driver: { type: 'string', enum: ['etcd', 'Postgres'] },
        name: text,
        prefix: text,
        schema: text,
      },
      oneOf: [
        { properties: { driver: { enum: ['etcd'] } }, required: ['driver', 'name', 'prefix'] },
        { properties: { driver: { enum: ['Postgres'] } }, required: ['driver', 'name'] },
      ],
    });
  });

  test.each<[string, z.ZodType, string]>([
    ['any type', z.object({ a: z.array(z.unknown()) }), 'spec.a[]'],
    ['a tuple', z.object({ a: z.tuple([z.string()]) }), 'spec.a[]'],
    ['a union of other types', z.object({ a: z.union([z.boolean(), z.string()]) }), 'spec.a'],
    [
      'a default in one branch',
      z.object({ a: branches({ extra: z.int32().default(3) }, {}) }),
      'spec.a.extra',
    ],
    ['one name with two types', z.object({ a: branches({ x: z.int32() }, { x: z.boolean() }) }), 'spec.a.x'],
    ['a keyword it does not know', z.object({ a: z.string().meta({ examples: ['x'] }) }), 'spec.a'],
  ])('refuses %s and says where', (_what, schema, path) => {
    const error = caught(() => structuralSchema(schema, 'spec'));
    expect(error).toBeInstanceOf(StructuralSchemaError);
    expect(error).toMatchObject({ path });
  });
});

function branches(x: z.ZodRawShape, y: z.ZodRawShape): z.ZodType {
  return z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('x'), ...x }),
    z.object({ kind: z.literal('y'), ...y }),
  ]);
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
