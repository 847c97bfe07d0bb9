import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { hasFinalizer } from '../../engine/finalizer.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { finalizer, labels } from '../names.ts';
import { runtimeId } from '../runtime-id.ts';

/** An object in the namespace of control planes. */
export interface OwnedObject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** What is left of one control plane whose TenantControlPlane is gone. */
export interface Orphans {
  readonly runtimeId: string;
  /** `namespace/name` of the TenantControlPlane that was. */
  readonly tenant: string;
  readonly objects: readonly OwnedObject[];
}

/**
 * Objects that carry the runtime id of no living TenantControlPlane: somebody took Marina's finalizer off by force. A
 * partition and an admin kubeconfig are likely to be left as well, where Marina cannot look for them.
 */
export function findOrphaned(
  tenants: readonly TenantControlPlane[],
  objects: readonly OwnedObject[],
): readonly Orphans[] {
  const living = new Set(tenants.filter(isLookedAfter).map(({ metadata }) => runtimeId(metadata?.uid ?? '')));
  const orphaned = new Map<string, OwnedObject[]>();
  for (const owned of objects) {
    const id = owned.object.metadata?.labels?.[labels.runtimeId];
    if (id && !living.has(id)) orphaned.set(id, [...(orphaned.get(id) ?? []), owned]);
  }
  return [...orphaned].map(([id, left]) => ({ runtimeId: id, tenant: tenantOf(left), objects: left }));
}

/** What both looks saw: an object that is on its way out, or whose tenant the cache has not seen yet, is no orphan. */
export function seenTwice(first: readonly Orphans[], second: readonly Orphans[]): readonly Orphans[] {
  const uids = new Set(first.flatMap(({ objects }) => objects.map(({ object }) => object.metadata?.uid)));
  return second
    .map((each) => ({
      ...each,
      objects: each.objects.filter(({ object }) => uids.has(object.metadata?.uid)),
    }))
    .filter(({ objects }) => objects.length > 0);
}

/** Whether Marina looks after it, be it by deleting it. */
function isLookedAfter(tenant: TenantControlPlane): boolean {
  return !tenant.metadata?.deletionTimestamp || hasFinalizer(tenant, finalizer);
}

function tenantOf([first]: readonly OwnedObject[]): string {
  const { [labels.namespace]: namespace = '', [labels.name]: name = '' } =
    first?.object.metadata?.labels ?? {};
  return `${namespace}/${name}`;
}
