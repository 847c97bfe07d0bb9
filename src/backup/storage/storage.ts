/**
 * Where archives are kept: a folder of files or a bucket. One driver each; every driver passes `storage.conformance.ts` against a real one.
 * All methods reject with a `BackupStorageError`.
 */
export interface ObjectStorage {
  /**
   * Stores what `content` yields under `key`, in memory of a constant size. The object is there as a whole when this resolves, and not at
   * all when it rejects. An older object of that key is replaced.
   */
  put(key: string, content: AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredObject>;

  /** The bytes, in order; rejects with `NotFound` before the first of them. What is not read to its end is to be returned (`for await` does). */
  get(key: string): Promise<AsyncIterable<Uint8Array>>;

  /** Objects whose key begins with `prefix`, in no particular order. */
  list(prefix: string): AsyncIterable<StoredObject>;

  /** Quietly succeeds when it is gone already. */
  delete(key: string, options?: DeleteOptions): Promise<void>;

  /** Writes, reads, lists and deletes a small object of its own. */
  check(): Promise<void>;

  close(): Promise<void>;
}

export interface DeleteOptions {
  /** Called before each request that changes the storage; throws when the caller may no longer write. */
  readonly fence?: () => void;
}

export interface PutOptions extends DeleteOptions {
  /** Gives up; what has been written of the object is removed. */
  readonly signal?: AbortSignal;
}

export interface StoredObject {
  /** Segments of `[a-z0-9]([-a-z0-9.]*[a-z0-9])?` between slashes, 512 octets at most. */
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}
