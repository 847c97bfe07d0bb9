import { apiVersion } from '../../api/v1alpha1/meta.ts';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { removeFinalizer } from '../../engine/finalizer.ts';
import type { Log } from '../../engine/log.ts';
import { deployments, type Pod, podDisruptionBudgets, pods, services } from '../../kube/resources.ts';
import { deleteOwned } from '../apply-owned.ts';
import { done, type StepResult, waiting } from '../component.ts';
import { storeOf } from '../datastore-access/store-of.ts';
import type { ControlPlaneDependencies } from '../dependencies.ts';
import { finalizer, labels } from '../names.ts';
import type { View } from '../view.ts';
import type { Notice } from './abandon.ts';
import { removePartition } from './partition.ts';
import { deleteRemaining, observeRemaining } from './remaining.ts';
import { needsCloserLook, observeStopping, type WorkloadFacts } from './workload.ts';

/** Takes a control plane away, and last its finalizer. */
export async function deleteControlPlane(
  view: View,
  dependencies: ControlPlaneDependencies,
  log: Log,
): Promise<StepResult> {
  const { client, caches } = dependencies;
  const { tenant } = view;
  const keepers = tenant.metadata?.finalizers ?? [];
  if (keepers.length === 0) return done(undefined);
  // Somebody may have taken Marina's finalizer off; what is there still goes.
  if (!keepers.includes(finalizer) && isCleared(view)) return keptBy(keepers);

  const cleared = await clearControlPlane(view, dependencies);
  if (cleared.state !== 'Done') return cleared;
  if (cleared.value) tell(view, cleared.value, dependencies, log);
  const released = await removeFinalizer(client, tenantControlPlanes, tenant, finalizer);
  if (released) caches.tenants.remember(released);
  return done(undefined);
}

/**
 * Takes away all that a control plane is made of: first what runs, then its state, then its secrets. Every step may have been
 * done before. An API server that still ran would write into the partition again, so the state waits for the pods.
 * The tenant's API server is never spoken to: nothing that lives inside the tenant can hold its deletion up.
 */
export async function clearControlPlane(
  view: View,
  dependencies: ControlPlaneDependencies,
): Promise<StepResult<Notice | undefined>> {
  const { client, clock } = dependencies;
  const stopped = await stopWorkload(view, dependencies);
  if (stopped.state !== 'Done') return stopped;
  const partition = await removePartition(view, dependencies);
  if (partition.state !== 'Done') return partition;
  const remaining = await deleteRemaining(client, view.names, view.tenant.metadata?.namespace);
  const cleared = observeRemaining(remaining, clock.now());
  return cleared.state === 'Done' ? partition : cleared;
}

/** Nothing of it is in the caches: it was never born, or its deletion is done. */
function isCleared(view: View): boolean {
  const { service, roots, certificates, dataStoreAccess, config, deployment, disruptionBudget } = view;
  const objects = [service, roots, certificates, dataStoreAccess, config, deployment, disruptionBudget];
  return view.pods.length === 0 && objects.every((object) => object === undefined);
}

function keptBy(keepers: readonly string[]): StepResult {
  const message = `Nothing of the control plane is left. The object is kept by ${keepers.join(', ')}: whoever put that there has to take it away.`;
  return waiting('Deleting', message);
}

async function stopWorkload(view: View, dependencies: ControlPlaneDependencies): Promise<StepResult> {
  const { client, caches, clock } = dependencies;
  const { names } = view;
  const owned = (name: string) => ({ namespace: names.namespace, name });
  await Promise.all([
    // In the foreground: the Deployment is there until its last pod is not.
    deleteOwned(client, deployments, caches.deployments, {
      ...owned(names.deployment),
      propagation: 'Foreground',
    }),
    deleteOwned(client, services, caches.services, owned(names.service)),
    deleteOwned(client, podDisruptionBudgets, caches.disruptionBudgets, owned(names.disruptionBudget)),
  ]);
  const facts = {
    runtimeId: names.runtimeId,
    deployment: caches.deployments.get(owned(names.deployment)),
    pods: view.pods,
    now: clock.now(),
  };
  return observeStopping(needsCloserLook(facts) ? await lookCloser(facts, view, dependencies) : facts);
}

/** Asks the API server: a Deployment that has lost its labels, and pods that are news, are in no cache. */
async function lookCloser(
  facts: WorkloadFacts,
  view: View,
  dependencies: ControlPlaneDependencies,
): Promise<WorkloadFacts> {
  if (facts.deployment) return { ...facts, pods: await livePods(view, dependencies) };
  const { client } = dependencies;
  const ref = { namespace: view.names.namespace, name: view.names.deployment };
  const isThere = await client.delete(deployments, ref, { propagation: 'Foreground' });
  return {
    ...facts,
    deployment: isThere ? await client.get(deployments, ref) : undefined,
    pods: await livePods(view, dependencies),
  };
}

async function livePods({ names }: View, { client }: ControlPlaneDependencies): Promise<readonly Pod[]> {
  const labelSelector = `${labels.runtimeId}=${names.runtimeId}`;
  const { items } = await client.list(pods, { namespace: names.namespace, labelSelector });
  return items;
}

/** Last of all: until then the store may still come back and do it. */
function tell(
  { tenant, names }: View,
  { reason, message }: Notice,
  { events }: ControlPlaneDependencies,
  log: Log,
): void {
  events.record({ ...tenant, apiVersion, kind: 'TenantControlPlane' }, 'Warning', reason, message);
  log.warn({ reason, dataStore: storeOf(tenant), partition: names.runtimeId }, message);
}
