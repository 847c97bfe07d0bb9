import { tenantControlPlanes } from '../api/v1alpha1/tenant-control-plane.ts';
import { hasFinalizer, removeFinalizer } from '../engine/finalizer.ts';
import { isKubeError } from '../kube/errors.ts';
import { configMaps, deployments, podDisruptionBudgets, secrets, services } from '../kube/resources.ts';
import { deleteOwned } from './apply-owned.ts';
import { done, failed, type StepResult, waiting } from './component.ts';
import { onStore } from './datastore-access/on-store.ts';
import type { ControlPlaneDependencies } from './dependencies.ts';
import { finalizer } from './names.ts';
import type { View } from './view.ts';

/**
 * Takes a control plane away: first what runs, then its state, then its secrets, then the finalizer. Every step may have
 * been done before. An API server that still ran would write into the partition again, so the state waits for the pods.
 */
export async function deleteControlPlane(
  view: View,
  dependencies: ControlPlaneDependencies,
): Promise<StepResult> {
  const { client, caches } = dependencies;
  const { names, tenant } = view;
  if (!hasFinalizer(tenant, finalizer)) return done(undefined);
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
  if (caches.deployments.get(owned(names.deployment)))
    return waiting('DeploymentDeleting', 'The Deployment is going away.');
  if (view.pods.length > 0)
    return waiting('PodsTerminating', `${view.pods.length} control-plane pods are stopping.`);

  const partition = await deletePartition(view, dependencies);
  if (partition.state !== 'Done') return partition;

  const gone = await Promise.all([
    deleteOwned(client, secrets, caches.secrets, owned(names.certificates)),
    deleteOwned(client, secrets, caches.secrets, owned(names.dataStoreAccess)),
    deleteOwned(client, secrets, caches.secrets, owned(names.roots)),
    deleteOwned(client, configMaps, caches.configMaps, owned(names.config)),
  ]);
  await deleteAdminKubeconfig(view, dependencies);
  if (gone.includes(false)) return waiting('SecretsDeleting', 'Secrets and configuration are going away.');
  await removeFinalizer(client, tenantControlPlanes, tenant, finalizer);
  return done(undefined);
}

async function deletePartition(
  view: View,
  { connections, fence }: ControlPlaneDependencies,
): Promise<StepResult> {
  const { dataStore, names, tenant } = view;
  if (!dataStore) {
    return failed(
      'DataStoreNotFound',
      `DataStore ${tenant.spec.dataStore} is gone, so partition ${names.runtimeId} cannot be removed from it. Make the DataStore again.`,
    );
  }
  const opened = connections.open(dataStore);
  if (!opened.ok) return failed(opened.reason, opened.message);
  return onStore(opened, (driver) => driver.deletePartition(names.runtimeId, { fence }));
}

async function deleteAdminKubeconfig(view: View, { client }: ControlPlaneDependencies): Promise<void> {
  const ref = { namespace: view.tenant.metadata?.namespace, name: view.names.adminKubeconfig };
  try {
    await client.delete(secrets, ref);
  } catch (error: unknown) {
    // Not Marina's: the admission policy keeps it.
    if (!isKubeError(error, 'Forbidden', 'Invalid')) throw error;
  }
}
