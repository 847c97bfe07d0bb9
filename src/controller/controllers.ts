import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { ControlPlaneClass } from '../api/v1alpha1/control-plane-class.ts';
import type { ControlPlaneQuota } from '../api/v1alpha1/control-plane-quota.ts';
import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantRestore } from '../api/v1alpha1/tenant-restore.ts';
import { givesRoom, isWaiting } from '../controlplane/admission/wakes.ts';
import type { ControlPlaneDependencies } from '../controlplane/dependencies.ts';
import { storesOf } from '../controlplane/datastore-access/store-of.ts';
import { tenantKeyOf } from '../controlplane/names.ts';
import { TenantControlPlaneReconciler } from '../controlplane/reconciler.ts';
import { runtimeId } from '../controlplane/runtime-id.ts';
import { DataStoreReconciler, type DataStoreReconcilerDependencies } from '../datastore/reconciler.ts';
import { type Condition, findCondition } from '../engine/conditions.ts';
import { Controller, type ControllerOptions } from '../engine/controller.ts';
import { keyOf, type KubeObject, refOf } from '../kube/resource.ts';
import type { Secret } from '../kube/resources.ts';
import type { Caches } from './caches.ts';

export type Engine = Pick<ControllerOptions, 'clock' | 'log' | 'metrics' | 'random'>;

/** Reconciles TenantControlPlanes: on their own changes, on those of what they own, and when their store comes or goes. */
export function createControlPlaneController(
  dependencies: ControlPlaneDependencies,
  caches: Caches,
  engine: Engine & { readonly workers: number },
): Controller {
  const reconciler = new TenantControlPlaneReconciler(dependencies, engine.log);
  const controller = new Controller({
    ...engine,
    name: 'tenantcontrolplane',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  });
  controller.watches(caches.tenants, selfKey, { when: wishChanged, lane: 'urgent' });
  controller.watches(caches.tenants, selfKey, {
    when: (previous, current) => reconciler.isForeignStatus(previous, current),
  });
  for (const owned of [
    caches.services,
    caches.secrets,
    caches.configMaps,
    caches.deployments,
    caches.disruptionBudgets,
    caches.pods,
  ]) {
    controller.watches<KubeObject>(owned, (object) => toArray(tenantKeyOf(object)));
  }
  controller.watches(caches.restores, ({ metadata, spec }: TenantRestore) => [
    keyOf({ namespace: metadata?.namespace, name: spec.tenantControlPlane }),
  ]);
  controller.watches(caches.classes, (found: ControlPlaneClass) => keysOf(membersOf(caches, found)), {
    when: wishChanged,
  });
  controller.watches(
    caches.quotas,
    ({ metadata }: ControlPlaneQuota) => keysOf(caches.tenants.list({ namespace: metadata?.namespace })),
    { when: wishChanged },
  );
  controller.watches(caches.tenants, (tenant) => keysOf(waitingBeside(caches, tenant)), { when: givesRoom });
  controller.watches(
    caches.dataStores,
    ({ metadata }: DataStore) => keysOf([...unplaced(caches), ...keptOut(caches, metadata?.name)]),
    { when: offerChanged },
  );
  return controller.watches(
    caches.dataStores,
    (store: DataStore) => keysOf(tenantsOf(caches, store.metadata?.name ?? '')),
    { when: usabilityChanged },
  );
}

/**
 * Reconciles DataStores: on their own changes and those of the Secrets that they name, when a tenant loses Ready, when the first one comes or the
 * last one goes, and every minute.
 */
export function createDataStoreController(
  dependencies: Omit<DataStoreReconcilerDependencies, 'usersOf'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const usersOf = (store: string) =>
    tenantsOf(caches, store).map((tenant) => ({
      key: keyOf(refOf(tenant)),
      partition: runtimeId(tenant.metadata?.uid ?? ''),
    }));
  const reconciler = new DataStoreReconciler({ ...dependencies, usersOf });
  return new Controller({
    ...engine,
    workers: 2,
    name: 'datastore',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(caches.dataStores, selfKey, { when: wishChanged })
    .watches(caches.storeSecrets, (secret: Secret) =>
      keysOf(caches.dataStores.list().filter((store) => names(store, secret))),
    )
    .watches(caches.tenants, storesOf, {
      when: (previous, current) => lostReady(previous, current) || turnsUse(caches, previous, current),
    });
}

/** What production uses where tests pass their own. */
export const ambient = {
  randomBytes: (size: number) => randomBytes(size),
  random: () => Math.random(),
  resolve: async (host: string) => (await lookup(host, { all: true })).map(({ address }) => address),
} as const;

export function selfKey(object: KubeObject): readonly string[] {
  return [keyOf(refOf(object))];
}

/** Marina's own status writes are no news to it. */
export function wishChanged(previous: KubeObject | undefined, current: KubeObject | undefined): boolean {
  return JSON.stringify(wishOf(previous)) !== JSON.stringify(wishOf(current));
}

function wishOf(object: KubeObject | undefined): unknown {
  const { uid, generation, deletionTimestamp, annotations, finalizers } = object?.metadata ?? {};
  return object && [uid, generation, deletionTimestamp, annotations, finalizers];
}

/** What all tenants of the store have to know: it comes, goes or moves. */
function usabilityChanged(previous: DataStore | undefined, current: DataStore | undefined): boolean {
  return (
    readyOf(previous) !== readyOf(current) ||
    previous?.metadata?.generation !== current?.metadata?.generation ||
    previous?.status?.observedGeneration !== current?.status?.observedGeneration
  );
}

/** What those who wait for a store have to know: it may fit now. */
function offerChanged(previous: DataStore | undefined, current: DataStore | undefined): boolean {
  return JSON.stringify(offerOf(previous)) !== JSON.stringify(offerOf(current));
}

function offerOf(store: DataStore | undefined): unknown {
  const { conditions, tenantCapacity, observedGeneration } = store?.status ?? {};
  const states = conditions?.map(({ type, reason }) => [type, reason]);
  return (
    store && [store.metadata?.labels, store.metadata?.generation, observedGeneration, states, tenantCapacity]
  );
}

function tenantsOf(caches: Caches, store: string): readonly TenantControlPlane[] {
  return caches.tenants.list().filter((tenant) => storesOf(tenant).includes(store));
}

/** Those that wait for a store which Marina chooses. */
function unplaced(caches: Caches): readonly TenantControlPlane[] {
  return caches.tenants.list().filter((tenant) => storesOf(tenant).length === 0);
}

/** Those that name the store, and are not let in: it may not be one of their class. */
function keptOut(caches: Caches, store: string | undefined): readonly TenantControlPlane[] {
  return caches.tenants
    .list()
    .filter(
      ({ spec, status }) =>
        spec.dataStore === store && spec.className !== undefined && status?.admitted === undefined,
    );
}

export function keysOf(objects: readonly KubeObject[]): readonly string[] {
  return objects.map((object) => keyOf(refOf(object)));
}

/** Control planes that name the class. */
export function membersOf(caches: Caches, { metadata }: ControlPlaneClass): readonly TenantControlPlane[] {
  return caches.tenants.list().filter(({ spec }) => spec.className === metadata?.name);
}

/** Those of its namespace that want something that their quota may have room for now. */
function waitingBeside(caches: Caches, { metadata }: TenantControlPlane): readonly TenantControlPlane[] {
  const namespace = metadata?.namespace;
  if (caches.quotas.list({ namespace }).length === 0) return [];
  return caches.tenants.list({ namespace }).filter(isWaiting);
}

/** The first user of a store comes, or the last one goes: from then on it must not, or may, be deleted. */
function turnsUse(
  caches: Caches,
  previous: TenantControlPlane | undefined,
  current: TenantControlPlane | undefined,
): boolean {
  const [before, after] = [previous, current].map((tenant) => (tenant ? storesOf(tenant) : []));
  return [...new Set([...(before ?? []), ...(after ?? [])])].some((name) => {
    if (before?.includes(name) && after?.includes(name)) return false;
    const store = caches.dataStores.get({ name });
    const isInUse = tenantsOf(caches, name).length > 0;
    return store !== undefined && isInUse !== (store.status?.tenants ?? 0) > 0;
  });
}

/** Its store may be why: whoever is no longer Ready says so long before the next look at the store is due. */
function lostReady(
  previous: TenantControlPlane | undefined,
  current: TenantControlPlane | undefined,
): boolean {
  return readyOf(previous) === 'True' && readyOf(current) === 'False';
}

/** Status of the condition Ready. */
export function readyOf(
  object: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } } | undefined,
): string | undefined {
  return findCondition(object?.status?.conditions, 'Ready')?.status;
}

function names(store: DataStore, secret: Secret): boolean {
  const { certificateAuthority, clientCertificate } = store.spec.tlsConfig;
  return [certificateAuthority.secretName, clientCertificate.secretName].includes(
    secret.metadata?.name ?? '',
  );
}

function toArray<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
