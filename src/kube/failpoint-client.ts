import type { Failpoints } from '../engine/failpoints.ts';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { type KubeObject, type ObjectList, type ObjectRef, refOf, type Resource } from './resource.ts';

/** Which one of its kind an object is, as the last part of a failpoint's name; undefined when the kind says enough. */
export type NameOf = (resource: Resource, ref: ObjectRef) => string | undefined;

/** Reads pass; around every write there is a failpoint, e.g. `management/create/Secret/roots`. */
export class FailpointKubeClient implements KubeClient {
  private readonly client: KubeClient;
  private readonly failpoints: Failpoints;
  private readonly where: string;
  private readonly nameOf: NameOf;

  /** `where`: the first part of every name. */
  constructor(
    client: KubeClient,
    failpoints: Failpoints,
    { where, nameOf }: { readonly where: string; readonly nameOf: NameOf },
  ) {
    this.client = client;
    this.failpoints = failpoints;
    this.where = where;
    this.nameOf = nameOf;
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    const name = this.name('create', resource, refOf(object), options);
    return this.failpoints.around(name, () => this.client.create(resource, object, options));
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const name = this.name('apply', resource, refOf(object), options);
    return this.failpoints.around(name, () => this.client.apply(resource, object, options));
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T> {
    const name = this.name('patch', resource, ref, options);
    return this.failpoints.around(name, () => this.client.patch(resource, ref, patch, options));
  }

  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean> {
    const name = this.name('delete', resource, ref);
    return this.failpoints.around(name, () => this.client.delete(resource, ref, options));
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined> {
    return this.client.get(resource, ref, options);
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>> {
    return this.client.list(resource, options);
  }

  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return this.client.watch(resource, options);
  }

  probe(path: string, options?: CallOptions) {
    return this.client.probe(path, options);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private name(verb: string, resource: Resource, ref: ObjectRef, options?: WriteOptions): string {
    const parts = [this.where, verb, resource.kind, this.nameOf(resource, ref), options?.subresource];
    return parts.filter((part) => part !== undefined).join('/');
  }
}
