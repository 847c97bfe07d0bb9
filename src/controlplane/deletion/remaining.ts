import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { keyOf, type KubeObject, type ObjectRef, refOf, type Resource } from '../../kube/resource.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  pods,
  secrets,
  services,
} from '../../kube/resources.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import { labels, type TenantNames } from '../names.ts';

/** Milliseconds in which those who put finalizers on objects usually take them away again. */
const patienceMs = 60_000;

/** An object that is still there after it was deleted. */
export interface Remaining {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/**
 * Deletes everything of a control plane but its partition, and says what is left. It asks the API server and no cache: an
 * object that a cache has not seen, or has lost sight of with its labels, would be left behind for good.
 */
export async function deleteRemaining(
  client: KubeClient,
  names: TenantNames,
  userNamespace: string | undefined,
): Promise<readonly Remaining[]> {
  const { namespace } = names;
  const owned: readonly [Resource, string][] = [
    [deployments, names.deployment],
    [services, names.service],
    [podDisruptionBudgets, names.disruptionBudget],
    [configMaps, names.config],
    [secrets, names.certificates],
    [secrets, names.dataStoreAccess],
    [secrets, names.roots],
  ];
  const remaining = await Promise.all([
    ...owned.map(([resource, name]) => deleteNow(client, resource, { namespace, name })),
    deleteAdminKubeconfig(client, { namespace: userNamespace, name: names.adminKubeconfig }),
    findPod(client, names),
  ]);
  return remaining.filter((each) => each !== undefined);
}

/** What is left as the result of a step. */
export function observeRemaining(remaining: readonly Remaining[], now: Date): StepResult {
  if (remaining.length === 0) return done(undefined);
  const kept = remaining.filter(({ object }) => keepersOf(object).length > 0);
  const message = [
    ...remaining.filter((each) => !kept.includes(each)).map((each) => `${titleOf(each)} is going away.`),
    ...kept.map(explainKept),
  ].join(' ');
  const isOverdue = kept.some(({ object }) => {
    const since = object.metadata?.deletionTimestamp;
    return since !== undefined && now.getTime() - Date.parse(since) >= patienceMs;
  });
  return isOverdue ? failed('ObjectsKept', message) : waiting('Deleting', message, patienceMs);
}

async function deleteNow(
  client: KubeClient,
  resource: Resource,
  ref: ObjectRef,
): Promise<Remaining | undefined> {
  const propagation = resource === deployments ? 'Foreground' : 'Background';
  if (!(await client.delete(resource, ref, { propagation }))) return undefined;
  const object = await client.get(resource, ref);
  return object && { resource, object };
}

/** In the user's namespace Marina may delete, but not read: what can be deleted twice is still there. */
async function deleteAdminKubeconfig(client: KubeClient, ref: ObjectRef): Promise<Remaining | undefined> {
  try {
    const remains = (await client.delete(secrets, ref)) && (await client.delete(secrets, ref));
    return remains ? { resource: secrets, object: { metadata: { ...ref } } } : undefined;
  } catch (error: unknown) {
    // Not Marina's: the admission policy keeps it.
    if (isKubeError(error, 'Forbidden', 'Invalid')) return undefined;
    throw error;
  }
}

async function findPod(client: KubeClient, names: TenantNames): Promise<Remaining | undefined> {
  const labelSelector = `${labels.runtimeId}=${names.runtimeId}`;
  const { items } = await client.list(pods, { namespace: names.namespace, labelSelector, limit: 1 });
  return items[0] && { resource: pods, object: items[0] };
}

function explainKept({ resource, object }: Remaining): string {
  const { namespace, name } = object.metadata ?? {};
  return (
    `${titleOf({ resource, object })} is kept by ${keepersOf(object).join(', ')}: whoever put that there has to take it away. ` +
    `If nobody does any more: kubectl -n ${namespace} patch ${resource.plural} ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`
  );
}

function titleOf({ resource, object }: Remaining): string {
  return `${resource.kind} ${keyOf(refOf(object))}`;
}

/** Finalizers but the garbage collector's own, which comes and goes by itself. */
export function keepersOf({ metadata }: KubeObject): readonly string[] {
  return metadata?.finalizers?.filter((name) => name !== 'foregroundDeletion') ?? [];
}
