import type { StructuralSchema } from '../../src/api/v1alpha1/structural-schema.ts';
import { anchor, code } from './markdown.ts';

interface ObjectField {
  /** e.g. `spec.addons.kubeProxy.configurationPatches[]`. */
  readonly path: string;
  readonly schema: StructuralSchema;
}

/** The object and every object with fields of its own below it, outermost first. */
export function objectsWithin(path: string, schema: StructuralSchema): ObjectField[] {
  if (!schema.properties) return [];
  const below = Object.entries(schema.properties).flatMap(([name, property]) => {
    const inner = property.items ?? property;
    return objectsWithin(`${path}.${name}${property.items ? '[]' : ''}`, inner);
  });
  return [{ path, schema }, ...below];
}

/** Rows of field, type, default, description with rules; one for each field of the object at `path`. */
export function fieldRows(path: string, schema: StructuralSchema): string[][] {
  return Object.entries(schema.properties ?? {}).map(([name, field]) => [
    code(name),
    typeText(`${path}.${name}`, field),
    schema.required?.includes(name) ? '**required**' : defaultText(field),
    [field.description ?? '', ...ruleTexts(name, field, schema)].filter(Boolean).join('<br>'),
  ]);
}

function defaultText(field: StructuralSchema): string {
  if (field.default === undefined || field.properties) return '';
  return code(JSON.stringify(field.default));
}

function typeText(path: string, field: StructuralSchema): string {
  if (field['x-kubernetes-int-or-string']) return 'integer or string';
  if (field.items) {
    const kind = field['x-kubernetes-list-type'] === 'set' ? 'set' : 'list';
    return `${kind} of ${typeText(`${path}[]`, field.items)}${bounds(field.minItems, field.maxItems, 'items')}`;
  }
  if (field.additionalProperties)
    return `map of string to ${typeText(`${path}.*`, field.additionalProperties)}`;
  if (field.properties) return `[object](#${anchor(path)})`;
  if (field['x-kubernetes-preserve-unknown-fields'])
    return field.type ? `${field.type}, kept as it is` : 'any';
  if (field.enum) return field.enum.map((value) => code(String(value))).join(', ');
  if (field.format === 'date-time') return 'time (RFC 3339)';
  if (field.type === 'string') return `string${bounds(field.minLength, field.maxLength, 'characters')}`;
  return `${field.format ?? field.type}${bounds(field.minimum, field.maximum)}`;
}

function bounds(minimum: number | undefined, maximum: number | undefined, unit?: string): string {
  const of = unit ? ` ${unit}` : '';
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}${of}`;
  if (maximum !== undefined) return `, at most ${maximum}${of}`;
  if (minimum !== undefined) return `, at least ${minimum}${of}`;
  return '';
}

/** What the API server says when the field is wrong; rules of the parent that point at the field are its own. */
function ruleTexts(name: string, field: StructuralSchema, parent: StructuralSchema): string[] {
  const own = [
    ...patternTexts(field),
    ...messages(field, ({ fieldPath }) => !fieldPath),
    ...messages(parent, ({ fieldPath }) => fieldPath === `.${name}`),
  ];
  const items = field.items
    ? [...patternTexts(field.items), ...messages(field.items, ({ fieldPath }) => !fieldPath)]
    : [];
  const fromBelow = messages(parent, ({ fieldPath }) => fieldPath?.startsWith(`.${name}.`) ?? false, true);
  return [
    ...own.map((text) => `• ${text}`),
    ...items.map((text) => `• each ${text}`),
    ...fromBelow.map((text) => `• ${text}`),
  ];
}

type Rule = NonNullable<StructuralSchema['x-kubernetes-validations']>[number];

function messages(schema: StructuralSchema, wanted: (rule: Rule) => boolean, withPath = false): string[] {
  return (schema['x-kubernetes-validations'] ?? [])
    .filter(wanted)
    .map(({ message = '', fieldPath = '' }) =>
      withPath ? `${code(fieldPath.slice(1))} ${message}` : message,
    );
}

function patternTexts({ pattern }: StructuralSchema): string[] {
  return pattern ? [`matches ${code(pattern)}`] : [];
}
