import type { Failpoints } from '../engine/failpoints.ts';
import type { ApplyOptions, DeleteOptions, KubeClient, Patch, WriteOptions } from './client.ts';
import { type KubeObject, type ObjectRef, refOf, type Resource } from './resource.ts';
import { WriteDecoratingKubeClient } from './write-decorating-client.ts';

/** Which one of its kind an object is, as the last part of a failpoint's name; undefined when the kind says enough. */
export type NameOf = (resource: Resource, ref: ObjectRef) => string | undefined;

/** Reads pass; around every write there is a failpoint, e.g. `management/create/Secret/roots`. */
export class FailpointKubeClient extends WriteDecoratingKubeClient {
  private readonly failpoints: Failpoints;
  private readonly where: string;
  private readonly nameOf: NameOf;

  /** `where`: the first part of every name. */
  constructor(
    client: KubeClient,
    failpoints: Failpoints,
    { where, nameOf }: { readonly where: string; readonly nameOf: NameOf },
  ) {
    super(client);
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

  private name(verb: string, resource: Resource, ref: ObjectRef, options?: WriteOptions): string {
    const parts = [this.where, verb, resource.kind, this.nameOf(resource, ref), options?.subresource];
    return parts.filter((part) => part !== undefined).join('/');
  }
}
