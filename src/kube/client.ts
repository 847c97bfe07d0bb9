import type { KubeObject, ObjectList, ObjectRef, Resource } from './resource.ts';

/**
 * The calls that Marina makes to an API server, its own or a tenant's. Objects are plain JSON.
 * Every method rejects with a `KubeError` (errors.ts); only what is said below is not an error.
 */
export interface KubeClient {
  /** The object, or undefined when there is none; `NotFound` when the server has no such resource (CRD absent). */
  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined>;

  /** All objects, page by page; `metadata.resourceVersion` is where a watch can go on. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>>;

  /** Rejects with code `AlreadyExists` when there is one of that name. */
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;

  /** Server-side apply (KEP-555). apiVersion and kind are filled in from the resource. */
  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T>;

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T>;

  /** True when it was there and is now being deleted, false when it was gone already. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;

  /** One watch request: ends when the server ends it, rejects when it breaks. Bookmarks are asked for and passed on. */
  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;

  /** A GET that is not about an object (`/readyz`, `/version`): status and body as they come, whatever the status. */
  probe(path: string, options?: CallOptions): Promise<{ readonly status: number; readonly body: string }>;

  /**
   * The body of a good answer to such a GET as it comes, for what is too large to hold (`/metrics`); leaving the loop ends the request. How much
   * of it is read is the caller's to bound.
   */
  stream(path: string, options?: CallOptions): AsyncIterable<Uint8Array>;

  /** Drops the pooled connections. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds until the call fails with code `Timeout`; default 15,000. */
  readonly timeoutMs?: number;
  /** Asked when a connection stands and the request is about to be written; by throwing it gives the call up (`Aborted`). */
  readonly beforeSend?: () => void;
}

export interface ListOptions extends CallOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** One page of at most so many, `metadata.continue` of the answer names the next; 0: all in one answer. */
  readonly limit?: number;
  readonly continue?: string;
}

export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Whether a field that the schema does not know makes it fail (`BadRequest`) instead of being dropped. */
  readonly isStrict?: boolean;
  readonly subresource?: 'status' | 'scale';
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes over fields that another manager owns; default true. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  /** Preconditions: with another uid or resourceVersion the call fails with code `Conflict`. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  /** Default: the kind's own, 30 for pods; 0 removes the object at once, which is a kubelet's to decide. */
  readonly gracePeriodSeconds?: number;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion: string;
  /** Seconds after which the server is asked to end the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'; readonly object: T }
  | { readonly type: 'ERROR'; readonly object: { readonly code?: number; readonly message?: string } };

export type Patch =
  | { readonly type: 'merge'; readonly body: object }
  | { readonly type: 'json'; readonly body: readonly object[] };
