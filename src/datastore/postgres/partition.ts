import { requirePartitionId } from '../partition-id.ts';

/** Everything that follows from a partition's id. */
export interface PostgresPartition {
  readonly id: string;
  /** Of the login role and of the database; the role is whoever has a client certificate with this common name. */
  readonly name: string;
  /** What `--etcd-prefix` of the tenant's apiserver is set to: the same in all kinds of stores, so that keys can move as they are. */
  readonly prefix: string;
  /** First name after all that begin with the prefix, octet by octet. */
  readonly end: string;
  readonly connectionLimit: number;
}

/**
 * kine is run with at most five connections an apiserver; three apiservers, one more while they are replaced, and what Marina looks at
 * the partition through.
 */
const connectionLimit = 24;

/** @throws DataStoreError `Unsupported` for an id that is none */
export function postgresPartition(id: string): PostgresPartition {
  requirePartitionId(id, 'postgres: name partition');
  return { id, name: id, prefix: `/${id}/`, end: `/${id}0`, connectionLimit };
}
