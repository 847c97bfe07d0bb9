/**
 * The contract between Marina and a kind of shared store. One driver, one folder; every driver passes
 * `driver.conformance.ts` against a real server.
 *
 * A partition is one tenant's slice of a store: nothing outside it can be read or written with the tenant's
 * credential, and its name is the tenant's runtime id. All methods are idempotent: after a crash the same call
 * repairs what is half made. They reject with a `DataStoreError`.
 */
export interface DataStoreDriver {
  /** Makes or repairs user, role and grants of the partition. Says whether anything had to be changed. */
  ensurePartition(id: string, options?: PartitionOptions): Promise<{ readonly changed: boolean }>;

  /** Removes the partition's data, user and role, and nothing else; quietly succeeds when all is gone. */
  deletePartition(id: string, options?: WriteOptions): Promise<void>;

  inspectPartition(id: string): Promise<Partition>;

  /** What is in a partition that is there. */
  contentsOf(id: string): PartitionContents;

  /** Asks every endpoint; never rejects: what failed is in the result. */
  checkHealth(): Promise<DataStoreHealth>;

  /**
   * Compacts history older than the last call that did something, so that tenants (who may not) need not do it. Safe with
   * several callers at once: only one of them acts. Safe to call too often: see `minimumIntervalMs`. Does nothing
   * (`LeftToTenants`) where each partition has a history of its own, which its tenant's apiserver compacts.
   */
  compact(options?: CompactionOptions): Promise<CompactionResult>;

  /**
   * One step towards taking writes again of a store that is `outOfSpace`: history goes, free pages go back, one member at a time, then
   * the alarm. To be called until it says that there is nothing more to do; what it has done it finds out each time.
   */
  reclaimSpace(options?: WriteOptions): Promise<ReclaimResult>;

  /** The partitions that take most, largest first, also those of nobody. Takes its time, in order not to take its tenants'. */
  largestPartitions(count: number, signal?: AbortSignal): Promise<readonly PartitionSize[]>;

  /**
   * What is in a partition that is there, by the octets of keys and values. Where reading them all costs other tenants something, `bytes` is reckoned
   * from samples unless it is to be `isExact`.
   */
  measurePartition(id: string, options?: MeasureOptions): Promise<PartitionSize>;

  close(): Promise<void>;
}

export interface WriteOptions {
  /** Called right before every single write to the store; throws when the caller may no longer write. */
  readonly fence?: () => void;
}

/** One key of a partition, as its tenant's kube-apiserver wrote it; the same in every kind of store. */
export interface Entry {
  /** Below the partition's prefix, e.g. `pods/default/web`. */
  readonly key: string;
  readonly value: Buffer;
  /** Seconds that are left to it, at least 1; undefined for one that stays. */
  readonly ttlSeconds?: number;
}

/**
 * What is in a partition, apart from its walls: what a backup takes along, a restore puts back and a migration moves. All methods reject
 * with a `DataStoreError`. Whoever writes sees to it that the tenant's own apiserver does not.
 */
export interface PartitionContents {
  /** To be disposed of: the store keeps history for it meanwhile, though not for ever. */
  snapshot(): Promise<ContentsSnapshot>;

  /** Gives each key its value, whatever it had before. Safe to repeat. */
  put(entries: readonly Entry[], options?: WriteOptions): Promise<void>;

  /** Quiet about keys that are gone already. */
  remove(keys: readonly string[], options?: WriteOptions): Promise<void>;

  /** Removes every key; user, role and rights stay. */
  clear(options?: WriteOptions): Promise<void>;

  /**
   * Makes every later write have a revision above this one: a client that has seen it takes what is not above it for known, and misses it.
   * `Unsupported` when the store is too far behind to get there by writing.
   */
  advance(revision: string, options?: WriteOptions): Promise<void>;
}

/** One moment of a partition. */
export interface ContentsSnapshot extends AsyncDisposable {
  /** Of the store at that moment, in decimal digits; all later writes have a higher one. */
  readonly revision: string;

  /** In the order of the keys' octets; a page is a few MiB at most, so that all of it takes memory of a constant size. */
  pages(): AsyncIterable<readonly Entry[]>;
}

export interface PartitionOptions extends WriteOptions {
  /** What the tenant's credential may do with the contents; `ReadOnly` bites at once, also on open connections. Default `ReadWrite`. */
  readonly access?: PartitionAccess;
}

export type PartitionAccess = 'ReadWrite' | 'ReadOnly';

export interface CompactionOptions extends WriteOptions {
  /**
   * A call this soon after the last one does nothing: history that is gone too early fails the tenants' paged lists and watches.
   * Default 45,000, which goes with a call a minute.
   */
  readonly minimumIntervalMs?: number;
}

export interface Partition {
  readonly id: string;
  /** Whom the tenant's credential names. */
  readonly userExists: boolean;
  /** What the user's rights hang on: the role of an etcd, the database of a Postgres. */
  readonly roleExists: boolean;
  readonly keys: number;
}

export interface DataStoreHealth {
  readonly healthy: boolean;
  /** Round trip of one linearizable read, in milliseconds. */
  readonly latencyMs?: number;
  readonly version?: string;
  /** Who the store is, however it is reached: an etcd's cluster id, a Postgres' system identifier. */
  readonly storeId?: string;
  /** Bytes on disk, the largest member's. */
  readonly sizeBytes?: number;
  /** Bytes on disk at which the store takes no more writes, as far as it knows itself. */
  readonly quotaBytes?: number;
  /** It has reached its quota and takes no writes until `reclaimSpace` or somebody else makes room. */
  readonly outOfSpace?: true;
  /** Of a store that has only so many; `perTenant`: what a control plane of one API server takes at most. */
  readonly connections?: { readonly used: number; readonly limit: number; readonly perTenant: number };
  readonly endpoints: readonly EndpointHealth[];
}

export interface EndpointHealth {
  readonly endpoint: string;
  readonly healthy: boolean;
  /** Follows the server that takes writes, and takes none itself. */
  readonly standby?: true;
  /** What went wrong, with what to do about it. */
  readonly message?: string;
}

/** What one call of `reclaimSpace` came to. */
export type ReclaimResult =
  /** Nothing keeps the store from taking writes, or nothing any more. */
  | { readonly state: 'Writable' }
  /** Some of it is done; the next call goes on. */
  | { readonly state: 'Underway'; readonly message: string }
  /** All that is left is live: somebody has to delete, or give the store more room. */
  | { readonly state: 'Exhausted'; readonly message: string };

export interface MeasureOptions {
  readonly signal?: AbortSignal;
  readonly isExact?: boolean;
}

/** What a partition takes of its store. */
export interface PartitionSize {
  readonly id: string;
  readonly bytes: number;
  readonly keys: number;
}

export type CompactionResult =
  | { readonly compacted: true; readonly revision: string }
  | { readonly compacted: false; readonly reason: 'Raced' | 'NothingToDo' | 'LeftToTenants' };

/** Opens a driver; the credential is the store's root and never leaves Marina. */
export interface EtcdConnection {
  readonly driver: 'etcd';
  /** `host:port`, no scheme. */
  readonly endpoints: readonly string[];
  /** PEM. */
  readonly certificateAuthority: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

/**
 * Postgres 14 or later. What a server needs:
 * - `ssl = on` with a certificate that names the endpoints, and `ssl_ca_file` with the authority that signs clients;
 * - in pg_hba.conf, before any other line for TCP, `hostssl all <Marina's role> all cert` and `hostssl sameuser all all cert`;
 *   nobody is let in without a client certificate, and tenants to no database but their own;
 * - for Marina a role with LOGIN and SUPERUSER.
 */
export interface PostgresConnection {
  readonly driver: 'postgres';
  /** `host:port`; which of them is the primary is found out. */
  readonly endpoints: readonly string[];
  /** PEM. Verifies servers, whose certificates must name their endpoint, and signs clients. */
  readonly certificateAuthority: string;
  /** Signs for Marina what tenants have, so that it looks at a partition's content with no more rights than its tenant. */
  readonly certificateAuthorityKey: string;
  /** Its common name is Marina's role. */
  readonly clientCertificate: string;
  readonly clientKey: string;
}

export type DataStoreConnection = EtcdConnection | PostgresConnection;
