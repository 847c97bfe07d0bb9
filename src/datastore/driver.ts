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
  ensurePartition(id: string, options?: WriteOptions): Promise<{ readonly changed: boolean }>;

  /** Removes the partition's data, user and role, and nothing else; quietly succeeds when all is gone. */
  deletePartition(id: string, options?: WriteOptions): Promise<void>;

  inspectPartition(id: string): Promise<Partition>;

  /** Asks every endpoint; never rejects: what failed is in the result. */
  checkHealth(): Promise<DataStoreHealth>;

  /**
   * Compacts history older than the last call that did something, so that tenants (who may not) need not do it. Safe with
   * several callers at once: only one of them acts. Safe to call too often: see `minimumIntervalMs`. Does nothing
   * (`LeftToTenants`) where each partition has a history of its own, which its tenant's apiserver compacts.
   */
  compact(options?: CompactionOptions): Promise<CompactionResult>;

  close(): Promise<void>;
}

export interface WriteOptions {
  /** Called right before every single write to the store; throws when the caller may no longer write. */
  readonly fence?: () => void;
}

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
  /** Bytes on disk, the largest member's. */
  readonly sizeBytes?: number;
  /** Of a store that has only so many. */
  readonly connections?: { readonly used: number; readonly limit: number };
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
