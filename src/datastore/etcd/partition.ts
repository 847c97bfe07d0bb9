import type { PartitionAccess } from '../driver.ts';
import { requirePartitionId } from '../partition-id.ts';

/** As etcd3 spells etcd's permission types. */
export type Permission = 'Read' | 'Write' | 'Readwrite';

/** A permission on the keys from `start` up to, not including, `end`; on the one key `start` where `end` is empty. */
export interface Grant {
  readonly permission: Permission;
  readonly start: string;
  readonly end: string;
}

/** Everything that follows from a partition's id. */
export interface EtcdPartition {
  readonly id: string;
  /** Name of the user and of its only role; the user is whoever has a client certificate with this common name. */
  readonly name: string;
  /** First key that belongs to it, and what `--etcd-prefix` of the tenant's apiserver is set to. */
  readonly prefix: string;
  /** First key after it. */
  readonly end: string;
  /** Exactly what the role may do. */
  readonly grants: readonly Grant[];
}

/**
 * Written by whoever compacts (Marina), read by every kube-apiserver, which drops cached snapshots older than the revision in it.
 * It has no prefix: see k8s.io/apiserver/pkg/storage/etcd3/compact.go.
 */
export const compactionKey = 'compact_rev_key';

/**
 * Names of a partition. The range ends at `/<id>0` because `0` follows `/` in ASCII: every key below the prefix is in it and no key of
 * another id is, whatever the other id (CVE-2024-42480 was a range open at the top).
 * @throws DataStoreError `Unsupported` for an id that is not lower-case letters and digits, single hyphens between them
 */
export function etcdPartition(id: string, access: PartitionAccess = 'ReadWrite'): EtcdPartition {
  requirePartitionId(id, 'etcd: name partition');
  const prefix = `/${id}/`;
  const end = `/${id}0`;
  const grants: readonly Grant[] = [
    { permission: access === 'ReadWrite' ? 'Readwrite' : 'Read', start: prefix, end },
    { permission: 'Read', start: compactionKey, end: '' },
  ];
  return { id, name: id, prefix, end, grants };
}
