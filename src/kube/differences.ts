import { isDeepStrictEqual } from 'node:util';
import { isSameQuantity } from './quantity.ts';

/**
 * Lists whose elements have owners of their own, with the fields that tell elements apart (`x-kubernetes-list-map-keys`
 * in the API's OpenAPI document). All others are atomic: who applies one owns it whole.
 */
const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  'spec.ports': ['port', 'protocol'],
  ...keysOfContainers('spec.template.spec.initContainers'),
  ...keysOfContainers('spec.template.spec.containers'),
  'spec.template.spec.volumes': ['name'],
};

function keysOfContainers(path: string): Record<string, readonly string[]> {
  return {
    [path]: ['name'],
    [`${path}.env`]: ['name'],
    [`${path}.ports`]: ['containerPort', 'protocol'],
    [`${path}.volumeMounts`]: ['mountPath'],
  };
}

/** Maps that are owned whole (`x-kubernetes-map-type: atomic`). */
const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'roleRef',
  'spec.selector',
  'spec.template.spec.nodeSelector',
]);

/** The API server writes these its own way. */
const QUANTITIES = /\.resources\.(requests|limits)\.[^.]*/;

/**
 * Paths at which the live object does not hold what is wanted, e.g. `data.kubelet`. What the API server fills in and
 * what others own is no difference: applying would not change it (KEP-555).
 */
export function differences(wanted: unknown, live: unknown, path = ''): readonly string[] {
  if (wanted === undefined) return [];
  if (Array.isArray(wanted)) return listDifferences(wanted, live, path);
  if (QUANTITIES.test(path) && isSameQuantity(wanted, live)) return [];
  if (!isMap(wanted) || ATOMIC_MAPS.has(path)) return isSame(wanted, live) ? [] : [path];
  if (!isMap(live)) return isEmpty(wanted) && live === undefined ? [] : [path];
  return Object.entries(wanted).flatMap(([name, value]) =>
    differences(value, live[name], path ? `${path}.${name}` : name),
  );
}

function listDifferences(wanted: readonly unknown[], live: unknown, path: string): readonly string[] {
  // The API server drops empty lists.
  if (wanted.length === 0 && live === undefined) return [];
  const keys = LIST_KEYS[path];
  if (!keys || !Array.isArray(live)) return isSame(wanted, live) ? [] : [path];
  return wanted.flatMap((element: unknown) => {
    const other: unknown = live.find((candidate) =>
      keys.every((key) => field(candidate, key) === field(element, key)),
    );
    return other === undefined ? [path] : differences(element, other, path);
  });
}

/** Whether what is owned whole is as wanted; the API server drops what says nothing (`omitempty`). */
export function isSame(wanted: unknown, live: unknown): boolean {
  return isDeepStrictEqual(wanted, live) || isDeepStrictEqual(substance(wanted), substance(live));
}

/** The value without fields that are zero, empty or null. */
function substance(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(substance);
  if (!isMap(value)) return [null, '', 0, false].some((zero) => value === zero) ? undefined : value;
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const left = substance(field);
    return left === undefined ? [] : [[name, left] as const];
  });
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

function field(element: unknown, name: string): unknown {
  return isMap(element) ? element[name] : undefined;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(map).length === 0;
}
