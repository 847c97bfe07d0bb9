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
import type { KubeObject, ObjectList, ObjectRef, Resource } from './resource.ts';

/** Another client with something around each write; reads pass as they are. */
export abstract class WriteDecoratingKubeClient implements KubeClient {
  protected readonly client: KubeClient;

  constructor(client: KubeClient) {
    this.client = client;
  }

  abstract create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;

  abstract apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;

  abstract patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>;

  abstract delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;

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

  stream(path: string, options?: CallOptions): AsyncIterable<Uint8Array> {
    return this.client.stream(path, options);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
