import { isDeepStrictEqual } from 'node:util';

/*
 * Server-side apply (KEP-555), as far as what Marina applies needs it: who applied which field, fields that nobody wants any
 * more go, elements of keyed lists have owners of their own, other lists are owned whole.
 */

export type PlainMap = Readonly<Record<string, unknown>>;
/** Paths of fields, their steps parted by `separator`. */
export type Fields = ReadonlySet<string>;

const separator = '\u0000';

/** As the API's OpenAPI document has them; with several candidates the first that every element has. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  ports: ['port', 'containerPort', 'protocol'],
  containers: ['name'],
  env: ['name'],
  volumeMounts: ['mountPath'],
  volumes: ['name'],
};

const atomicMaps: ReadonlySet<string> = new Set(['roleRef', 'selector', 'nodeSelector']);

export interface Merged {
  readonly object: PlainMap;
  readonly owned: Fields;
}

/** The live object after an apply. `before`: what this manager applied last; `others`: what every other one owns. */
export function mergeApplied(
  live: PlainMap,
  applied: PlainMap,
  before: Fields,
  others: readonly Fields[],
): Merged {
  const owned = new Set<string>();
  const merged = merge(live, applied, '', owned) as PlainMap;
  let object = merged;
  for (const path of before) {
    if (owned.has(path) || others.some((fields) => fields.has(path))) continue;
    object = without(object, path.split(separator)) as PlainMap;
  }
  return { object, owned };
}

function merge(live: unknown, applied: unknown, path: string, owned: Set<string>): unknown {
  const last = path.slice(path.lastIndexOf(separator) + 1);
  if (Array.isArray(applied)) {
    const keys = keysOf(last, applied);
    if (keys) return mergeList(Array.isArray(live) ? live : [], applied, { path, keys, owned });
  } else if (isMap(applied) && !atomicMaps.has(last) && Object.keys(applied).length > 0) {
    const result: Record<string, unknown> = isMap(live) ? { ...live } : {};
    for (const [name, value] of Object.entries(applied)) {
      if (value === undefined) continue;
      result[name] = merge(result[name], value, path ? path + separator + name : name, owned);
    }
    return result;
  }
  owned.add(path);
  return isMap(applied) && isMap(live) && Object.keys(applied).length === 0 ? live : toPlain(applied);
}

function mergeList(
  live: readonly unknown[],
  applied: readonly unknown[],
  {
    path,
    keys,
    owned,
  }: { readonly path: string; readonly keys: readonly string[]; readonly owned: Set<string> },
): unknown[] {
  const result = [...live];
  for (const element of applied) {
    const name = elementName(element, keys);
    const at = result.findIndex((candidate) => elementName(candidate, keys) === name);
    const elementPath = path + separator + name;
    owned.add(elementPath);
    const next = merge(at < 0 ? undefined : result[at], element, elementPath, owned);
    if (at < 0) result.push(next);
    else result[at] = next;
  }
  return result;
}

function without(value: unknown, [step = '', ...rest]: readonly string[]): unknown {
  if (Array.isArray(value)) {
    const keys = step.slice(1, step.indexOf('=')).split(',');
    const at = value.findIndex((element) => elementName(element, keys) === step);
    if (at < 0) return value;
    return rest.length === 0 ? value.toSpliced(at, 1) : value.with(at, without(value[at], rest));
  }
  if (!isMap(value) || !(step in value)) return value;
  const { [step]: inner, ...others } = value;
  return rest.length === 0 ? others : { ...value, [step]: without(inner, rest) };
}

function keysOf(field: string, elements: readonly unknown[]): readonly string[] | undefined {
  const keys = listKeys[field]?.filter((key) => elements.every((each) => isMap(each) && key in each));
  return keys && keys.length > 0 ? keys : undefined;
}

/** `[port,protocol=6443,TCP]` */
function elementName(element: unknown, keys: readonly string[]): string {
  return `[${keys.join()}=${keys.map((key) => String(isMap(element) ? element[key] : '')).join()}]`;
}

export function isMap(value: unknown): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** As it would come out of JSON: without what is undefined. Parts that are clean stay the same objects. */
export function toPlain<T>(value: T): T {
  if (Array.isArray(value)) return value.map((element: unknown) => toPlain(element)) as T;
  if (!isMap(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) if (part !== undefined) result[name] = toPlain(part);
  return result as T;
}

export function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}
