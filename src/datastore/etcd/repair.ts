import type { EtcdPartition, Grant } from './partition.ts';

/** What etcd says of a partition's user and role; undefined where there is none. */
export interface ObservedAccess {
  /** Roles of the user. */
  readonly roles: readonly string[] | undefined;
  /** Permissions of the role. */
  readonly grants: readonly Grant[] | undefined;
}

export type RepairStep =
  | { readonly do: 'revokeRole'; readonly role: string }
  | { readonly do: 'revokeGrant'; readonly grant: Grant }
  | { readonly do: 'addRole' }
  | { readonly do: 'grant'; readonly grant: Grant }
  | { readonly do: 'addUser' }
  | { readonly do: 'grantRole' };

/** The shortest way from what there is to exactly what is wanted. What is too much goes first, and the user gets its role last. */
export function planRepair(partition: EtcdPartition, observed: ObservedAccess): readonly RepairStep[] {
  const steps: RepairStep[] = [];
  for (const role of observed.roles ?? []) {
    if (role !== partition.name) steps.push({ do: 'revokeRole', role });
  }
  for (const grant of observed.grants ?? []) {
    if (!partition.grants.some((wanted) => isSameRange(wanted, grant)))
      steps.push({ do: 'revokeGrant', grant });
  }
  if (!observed.grants) steps.push({ do: 'addRole' });
  for (const grant of partition.grants) {
    if (!observed.grants?.some((present) => isSameGrant(present, grant))) steps.push({ do: 'grant', grant });
  }
  if (!observed.roles) steps.push({ do: 'addUser' });
  if (!observed.roles?.includes(partition.name)) steps.push({ do: 'grantRole' });
  return steps;
}

/** etcd keeps one permission a range: granting again replaces its type. */
function isSameRange(one: Grant, other: Grant): boolean {
  return one.start === other.start && one.end === other.end;
}

function isSameGrant(one: Grant, other: Grant): boolean {
  return isSameRange(one, other) && one.permission === other.permission;
}
