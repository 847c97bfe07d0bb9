import type { DataStoreSpec } from '../../api/v1alpha1/data-store.ts';

/** How a control plane gets to its partition, besides the files of its credential. */
export interface StoreAccess {
  readonly driver: DataStoreSpec['driver'];
  /** `host:port`. */
  readonly endpoints: readonly string[];
  /** Name of the tenant's partition. */
  readonly partition: string;
  /** Contents of the credential's files that are read at start only: with others the pods start anew. */
  readonly readAtStart: readonly string[];
}
