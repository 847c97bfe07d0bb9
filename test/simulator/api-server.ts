import { applyPatch, type Operation } from 'rfc6902';
import type { ApplyOptions, DeleteOptions, ListOptions, Patch, WriteOptions } from '../../src/kube/client.ts';
import { KubeError, type KubeErrorCode } from '../../src/kube/errors.ts';
import { deepFreeze } from '../../src/kube/freeze.ts';
import {
  keyOf,
  type KubeObject,
  type ObjectList,
  type ObjectMeta,
  type ObjectRef,
  refOf,
  type Resource,
} from '../../src/kube/resource.ts';
import { type Fields, isMap, isSame, mergeApplied, type PlainMap, toPlain } from './field-ownership.ts';

/** One write that changed something, as watches see it. */
export interface Change {
  readonly plural: string;
  readonly object: StoredObject;
  /** What was there before; undefined for a new object. */
  readonly previous: StoredObject | undefined;
  readonly deleted: boolean;
  readonly version: number;
}

export type StoredObject = KubeObject & PlainMap;

interface Stored {
  readonly object: StoredObject;
  /** What each manager has applied. */
  readonly owners: ReadonlyMap<string, Fields>;
}

export interface ApiServerOptions {
  readonly now: () => Date;
  readonly uid: () => string;
  /** Fills in what the real server would, e.g. a Service's addresses. */
  readonly complete?: (plural: string, object: StoredObject) => StoredObject;
}

/** Kinds with a generation, which counts changes of the spec. */
const counted: ReadonlySet<string> = new Set([
  'tenantcontrolplanes',
  'datastores',
  'deployments',
  'poddisruptionbudgets',
  'daemonsets',
]);

/** Kinds that stay for a while after they were deleted, until a kubelet has stopped them. */
const graceful: ReadonlySet<string> = new Set(['pods']);

const noOwners: ReadonlyMap<string, Fields> = new Map();

/** The objects of one cluster and the verbs on them, in memory and at once. Delays and faults are the client's affair. */
export class ApiServer {
  /** Every change so far, oldest first. */
  readonly changes: Change[] = [];
  /** Told of every change, in order. */
  readonly listeners = new Set<(change: Change) => void>();
  private readonly options: ApiServerOptions;
  private readonly collections = new Map<string, Map<string, Stored>>();
  private version = 1;

  constructor(options: ApiServerOptions) {
    this.options = options;
  }

  get resourceVersion(): string {
    return String(this.version);
  }

  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): T | undefined {
    const stored = this.stored(resource.plural, keyOf(ref));
    return stored && answer<T>(resource, stored);
  }

  /** The object as it is kept: frozen, without type, cheap. */
  peek(plural: string, key: string): StoredObject | undefined {
    return this.stored(plural, key)?.object;
  }

  all(plural: string): StoredObject[] {
    return [...(this.collections.get(plural)?.values() ?? [])].map(({ object }) => object);
  }

  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): ObjectList<T> {
    const selects = selector(options);
    const items: T[] = [];
    for (const stored of this.collections.get(resource.plural)?.values() ?? []) {
      if (selects(stored.object)) items.push(answer<T>(resource, stored));
    }
    return { metadata: { resourceVersion: this.resourceVersion }, items };
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T): T {
    const key = keyOf(refOf(object));
    if (this.stored(resource.plural, key))
      throw refusal('AlreadyExists', 409, `create ${resource.kind} ${key}`);
    return answer<T>(resource, this.add(resource, toPlain(object) as StoredObject, noOwners));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): T {
    const key = keyOf(refOf(object));
    const operation = `apply ${resource.kind} ${key}`;
    const manager = `${options.fieldManager}/${options.subresource ?? ''}`;
    const live = this.stored(resource.plural, key);
    const wanted = appliedFields(object as StoredObject, options.subresource);
    if (!live) {
      if (options.subresource) throw refusal('NotFound', 404, operation);
      if (object.metadata?.uid) throw refusal('Conflict', 409, operation);
      const { object: made, owned } = mergeApplied({}, wanted, new Set(), []);
      return answer<T>(resource, this.add(resource, made, new Map([[manager, owned]])));
    }
    checkPreconditions(operation, object, live.object);
    const others = [...live.owners].filter(([name]) => name !== manager).map(([, fields]) => fields);
    const { object: merged, owned } = mergeApplied(
      live.object,
      wanted,
      live.owners.get(manager) ?? new Set(),
      others,
    );
    const owners = new Map(live.owners).set(manager, owned);
    return answer<T>(resource, this.replace(resource, live, { object: merged, owners }));
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): T {
    const operation = `patch ${resource.kind} ${keyOf(ref)}`;
    const live = this.stored(resource.plural, keyOf(ref));
    if (!live) throw refusal('NotFound', 404, operation);
    const patched =
      patch.type === 'json'
        ? jsonPatch(operation, live.object, patch.body)
        : mergePatch(live.object, patch.body);
    if (patch.type === 'merge') checkPreconditions(operation, patch.body, live.object);
    const kept = options.subresource
      ? { ...live.object, status: (patched as PlainMap)['status'] }
      : { ...(patched as StoredObject), ...('status' in live.object && { status: live.object['status'] }) };
    return answer<T>(resource, this.replace(resource, live, { object: kept, owners: live.owners }));
  }

  /** Writes status as a controller of the cluster does. */
  setStatus(plural: string, key: string, status: PlainMap): void {
    const live = this.stored(plural, key);
    if (live) this.replace({ plural }, live, { object: { ...live.object, status }, owners: live.owners });
  }

  delete(resource: Pick<Resource, 'plural' | 'kind'>, ref: ObjectRef, options: DeleteOptions = {}): boolean {
    const live = this.stored(resource.plural, keyOf(ref));
    if (!live) return false;
    const { metadata = {} } = live.object;
    checkDeletion(`delete ${resource.kind} ${keyOf(ref)}`, metadata, options);
    const finalizers = [...(metadata.finalizers ?? [])];
    if (options.propagation === 'Foreground' && !finalizers.includes(foreground)) finalizers.push(foreground);
    if (finalizers.length === 0 && !graceful.has(resource.plural)) {
      this.remove(resource.plural, live);
      return true;
    }
    if (metadata.deletionTimestamp) return true;
    const deleting = {
      ...live.object,
      metadata: {
        ...metadata,
        ...(finalizers.length > 0 && { finalizers }),
        deletionTimestamp: seconds(endOfGrace(resource.plural, this.options.now())),
        ...(metadata.generation !== undefined && { generation: metadata.generation + 1 }),
      },
    };
    this.replace(resource, live, { object: deleting, owners: live.owners });
    return true;
  }

  /** The end of a graceful deletion. */
  finish(plural: string, key: string): void {
    const live = this.stored(plural, key);
    if (live) this.remove(plural, live);
  }

  /** Takes a finalizer off, as a controller of the cluster does. */
  release(plural: string, key: string, finalizer: string): void {
    const live = this.stored(plural, key);
    if (!live) return;
    const finalizers = live.object.metadata?.finalizers?.filter((name) => name !== finalizer) ?? [];
    const object = { ...live.object, metadata: { ...live.object.metadata, finalizers } };
    this.replace({ plural }, live, { object, owners: live.owners });
  }

  private stored(plural: string, key: string): Stored | undefined {
    return this.collections.get(plural)?.get(key);
  }

  private add(resource: Pick<Resource, 'plural'>, object: StoredObject, owners: Stored['owners']): Stored {
    const { resourceVersion: _version, managedFields: _managed, ...metadata } = object.metadata ?? {};
    const completed = this.completed(resource.plural, {
      ...object,
      metadata: {
        ...metadata,
        uid: this.options.uid(),
        creationTimestamp: seconds(this.options.now()),
        ...(counted.has(resource.plural) && { generation: 1 }),
      },
    });
    return this.commit(resource.plural, undefined, { object: completed, owners });
  }

  private replace(resource: Pick<Resource, 'plural'>, live: Stored, next: Stored): Stored {
    const before = live.object;
    const { resourceVersion: _version, managedFields: _managed, ...metadata } = next.object.metadata ?? {};
    const { resourceVersion: _before, ...unversioned } = before.metadata ?? {};
    const object: StoredObject = { ...next.object, metadata };
    if (isSame(object, { ...before, metadata: unversioned })) {
      if (next.owners !== live.owners) {
        this.collections.get(resource.plural)?.set(keyOf(refOf(before)), { ...live, owners: next.owners });
      }
      return { object: before, owners: next.owners };
    }
    if (counted.has(resource.plural) && !isSame(object['spec'], before['spec'])) {
      metadata.generation = (before.metadata?.generation ?? 0) + 1;
    }
    const completed = this.completed(resource.plural, object);
    if (completed.metadata?.deletionTimestamp && !graceful.has(resource.plural)) {
      if ((completed.metadata.finalizers ?? []).length === 0) return this.remove(resource.plural, live);
    }
    return this.commit(resource.plural, live, { object: completed, owners: next.owners });
  }

  private remove(plural: string, live: Stored): Stored {
    const key = keyOf(refOf(live.object));
    this.version += 1;
    const metadata = { ...live.object.metadata, resourceVersion: String(this.version) };
    const object = deepFreeze({ ...live.object, metadata });
    this.collections.get(plural)?.delete(key);
    this.tell({ plural, object, previous: live.object, deleted: true, version: this.version });
    return { object, owners: live.owners };
  }

  private commit(plural: string, live: Stored | undefined, next: Stored): Stored {
    this.version += 1;
    const metadata = { ...next.object.metadata, resourceVersion: String(this.version) };
    const stored = { object: deepFreeze({ ...next.object, metadata }), owners: next.owners };
    const collection = this.collections.get(plural) ?? new Map<string, Stored>();
    this.collections.set(plural, collection.set(keyOf(refOf(stored.object)), stored));
    this.tell({
      plural,
      object: stored.object,
      previous: live?.object,
      deleted: false,
      version: this.version,
    });
    return stored;
  }

  private completed(plural: string, object: StoredObject): StoredObject {
    return this.options.complete?.(plural, object) ?? object;
  }

  private tell(change: Change): void {
    this.changes.push(change);
    for (const listener of this.listeners) listener(change);
  }
}

/** A pod's is 30 seconds, and its deletion is dated at the end of it. */
function endOfGrace(plural: string, now: Date): Date {
  return graceful.has(plural) ? new Date(now.getTime() + 30_000) : now;
}

/** Keeps an object until everything that it owns is gone. */
export const foreground = 'foregroundDeletion';

export function refusal(
  code: KubeErrorCode,
  status: number,
  operation: string,
  causes: KubeError['causes'] = [],
): KubeError {
  return new KubeError({ code, operation, message: `refused with ${code}`, status, causes });
}

/** Which objects a list or a watch is about. */
export function selector(options: Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'>) {
  const { namespace, labelSelector, fieldSelector } = options;
  const [label = '', value] = labelSelector?.split('=') ?? [];
  const [field = '', wanted] = fieldSelector?.split('=') ?? [];
  return (object: StoredObject): boolean => {
    if (namespace !== undefined && object.metadata?.namespace !== namespace) return false;
    if (fieldSelector && object[field] !== wanted) return false;
    if (!labelSelector) return true;
    const actual = object.metadata?.labels?.[label];
    return value === undefined ? actual !== undefined : actual === value;
  };
}

/** As it leaves the server: its metadata is the caller's own, everything below is shared and frozen. */
export function answer<T extends KubeObject>(
  resource: Pick<Resource<T>, 'apiVersion' | 'kind' | '_object'>,
  { object, owners = noOwners }: { readonly object: StoredObject; readonly owners?: Stored['owners'] },
): T {
  const managedFields = [...owners.keys()].map((name) => ({
    manager: name.split('/')[0],
    operation: 'Apply',
  }));
  const { apiVersion, kind } = resource;
  return { ...object, apiVersion, kind, metadata: { ...object.metadata, managedFields } } as unknown as T;
}

function appliedFields(object: StoredObject, subresource: string | undefined): PlainMap {
  const { name, namespace, labels, annotations } = object.metadata ?? {};
  if (subresource) return { [subresource]: object[subresource] };
  const { apiVersion: _apiVersion, kind: _kind, status: _status, metadata: _metadata, ...rest } = object;
  return { metadata: { name, namespace, labels, annotations }, ...rest };
}

function checkPreconditions(operation: string, { metadata }: KubeObject, live: StoredObject): void {
  if (metadata?.uid && metadata.uid !== live.metadata?.uid) {
    throw refusal('Invalid', 422, operation, [{ field: 'metadata.uid', message: 'field is immutable' }]);
  }
  if (metadata?.resourceVersion && metadata.resourceVersion !== live.metadata?.resourceVersion) {
    throw refusal('Conflict', 409, operation);
  }
}

function checkDeletion(operation: string, live: ObjectMeta, { uid, resourceVersion }: DeleteOptions): void {
  const isOther = uid !== undefined && uid !== live.uid;
  const isChanged = resourceVersion !== undefined && resourceVersion !== live.resourceVersion;
  if (isOther || isChanged) throw refusal('Conflict', 409, operation);
}

function jsonPatch(operation: string, live: StoredObject, body: readonly object[]): StoredObject {
  const copy = structuredClone(live);
  const failures = applyPatch(copy, body as Operation[]);
  if (failures.some((failure) => failure !== null)) throw refusal('Invalid', 422, operation);
  return copy;
}

/** RFC 7396. */
function mergePatch(live: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const result: Record<string, unknown> = isMap(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = mergePatch(result[name], value);
  }
  return result;
}

function seconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
