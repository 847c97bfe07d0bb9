import type { DataStore, DataStoreSpec } from '../../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../engine/conditions.ts';
import { done, failed, type StepResult } from '../component.ts';
import { annotations, type TenantNames } from '../names.ts';

/** Becomes a Warning Event when the control plane goes. */
export interface Notice {
  readonly reason: 'PartitionAbandoned' | 'PartitionNotFound';
  readonly message: string;
}

export interface PartitionFacts {
  readonly tenant: TenantControlPlane;
  readonly names: TenantNames;
  /** Name of the DataStore. */
  readonly store: string;
  readonly dataStore: DataStore | undefined;
  /** Of the store, with what somebody should know although the partition is gone. */
  readonly answer: StepResult<Notice | undefined>;
  /** Whether one may have been made: without it there is nothing to wait for. */
  readonly mayExist: boolean;
}

/**
 * Whether a deletion goes on past the partition. The store's own removal always wins; `marina.dev/abandon-partition` counts
 * only where the store does not do it, and only when it names this very partition, so that no template can set it for many.
 */
export function decidePartition(facts: PartitionFacts): StepResult<Notice | undefined> {
  const { tenant, names, answer, mayExist } = facts;
  if (answer.state !== 'Failed') return answer;
  if (!mayExist) return done(undefined);
  const wish = tenant.metadata?.annotations?.[annotations.abandonPartition];
  if (wish === names.runtimeId)
    return done({ reason: 'PartitionAbandoned', message: explainLoss(facts, answer.reason) });
  return failed(answer.reason, explainWait(facts, answer.message, wish), answer.cause);
}

/** Whether the first step towards a partition may have been made: the credential's Secret comes before it. */
export function mayHavePartition(tenant: TenantControlPlane, hasCredential: boolean): boolean {
  return hasCredential || partitionReadyAt(tenant) !== undefined;
}

/** Whether the DataStore object was made after the partition: it may be another store under the same name. */
export function isYoungerThanPartition(dataStore: DataStore, tenant: TenantControlPlane): boolean {
  const readyAt = partitionReadyAt(tenant);
  const { creationTimestamp } = dataStore.metadata ?? {};
  if (readyAt === undefined || creationTimestamp === undefined) return false;
  return Date.parse(creationTimestamp) > Date.parse(readyAt);
}

export function partitionNotFound(dataStore: DataStore, { runtimeId }: TenantNames): Notice {
  const { name, creationTimestamp } = dataStore.metadata ?? {};
  return {
    reason: 'PartitionNotFound',
    message:
      `DataStore ${name} was made anew at ${creationTimestamp} and holds nothing of partition ${runtimeId}. ` +
      `If it names another store than before, remove the partition there: ${byHand(dataStore, runtimeId)}`,
  };
}

function partitionReadyAt(tenant: TenantControlPlane): string | undefined {
  return tenant.status?.timeline?.find(({ step }) => step === 'PartitionReady')?.time;
}

function explainWait(
  { tenant, names, store, dataStore }: PartitionFacts,
  problem: string,
  wish: string | undefined,
): string {
  const { name, namespace, deletionTimestamp } = tenant.metadata ?? {};
  const notReady = findCondition(dataStore?.status?.conditions, 'Ready');
  const since =
    notReady?.status === 'False' ? ` The DataStore is not ready since ${notReady.lastTransitionTime}.` : '';
  const wrong =
    wish === undefined
      ? ''
      : ` The annotation ${annotations.abandonPartition} is ${JSON.stringify(brief(wish))}, which is not the name of this partition.`;
  return (
    `Partition ${names.runtimeId} has to be removed from DataStore ${store}: ${brief(problem).replace(/\.$/, '')}. ` +
    `Deletion, asked for at ${deletionTimestamp}, goes on by itself when the store does it.${since}${wrong} ` +
    `To go on without, and leave the partition behind: kubectl -n ${namespace} annotate --overwrite tcp ${name} ` +
    `${annotations.abandonPartition}=${names.runtimeId}`
  );
}

function explainLoss({ names, store, dataStore }: PartitionFacts, problem: string): string {
  return (
    `Partition, user and role ${names.runtimeId} are left behind in DataStore ${store}, which did not remove them (${problem}), ` +
    `as annotation ${annotations.abandonPartition} allows. To remove them from the store later: ${byHand(dataStore, names.runtimeId)}`
  );
}

/** Leaves room in the message for what to do. */
function brief(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

const removalByHand: Record<DataStoreSpec['driver'], (id: string) => string> = {
  etcd: (id) => `etcdctl user delete ${id}; etcdctl role delete ${id}; etcdctl del --prefix /${id}/`,
  postgres: (id) => `DROP DATABASE IF EXISTS "${id}" WITH (FORCE); DROP ROLE IF EXISTS "${id}"`,
};

function byHand(dataStore: DataStore | undefined, id: string): string {
  return removalByHand[dataStore?.spec.driver ?? 'etcd'](id);
}
