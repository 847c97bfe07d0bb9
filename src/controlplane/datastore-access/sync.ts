import type { DataStore, DataStoreSpec } from '../../api/v1alpha1/data-store.ts';
import { findCondition } from '../../engine/conditions.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import { applyOwned, type OwnedCache } from '../apply-owned.ts';
import { done, failed, type StepResult } from '../component.ts';
import type { StoreAccess } from '../deployment/store-access.ts';
import { tenantLabels } from '../names.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import type { View } from '../view.ts';
import { onStore } from './on-store.ts';
import { type Credential, currentCredential } from './credential.ts';

export interface PartitionDependencies {
  readonly client: KubeClient;
  readonly secrets: OwnedCache<Secret>;
  readonly connections: DataStoreConnections;
  readonly fence: () => void;
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
  /** Whether the partition itself is to be looked at now; what is in the store changes only by hand. */
  readonly verify: boolean;
}

/** kube-apiserver reads its client certificate at every handshake, kine once. */
const readAtStartOn: Record<DataStoreSpec['driver'], readonly (keyof Credential)[]> = {
  etcd: ['ca.crt'],
  postgres: ['ca.crt', 'client.crt'],
};

/** The tenant's partition of its DataStore and the credential for it. */
export async function syncPartition(
  view: View,
  dependencies: PartitionDependencies,
): Promise<StepResult<StoreAccess>> {
  const { tenant, names, dataStore } = view;
  if (!dataStore) {
    return failed(
      'DataStoreNotFound',
      `There is no DataStore ${tenant.spec.dataStore}: make it, or name another in spec.dataStore.`,
    );
  }
  const opened = dependencies.connections.open(dataStore);
  if (!opened.ok) return failed(opened.reason, opened.message);

  const credential = await currentCredential({
    authority: opened.authority,
    id: names.runtimeId,
    keyAlgorithm: tenant.spec.certificates.keyAlgorithm,
    present: decodeData(view.dataStoreAccess),
    now: dependencies.now,
    randomBytes: dependencies.randomBytes,
  });
  const secret: Secret = {
    metadata: {
      name: names.dataStoreAccess,
      namespace: names.namespace,
      labels: tenantLabels(tenant, 'datastore-access'),
    },
    type: 'Opaque',
    data: encodeData({ ...credential }),
  };
  // First, though it is good for nothing yet: a deletion knows by it that there may be a partition to remove.
  await applyOwned(dependencies.client, secrets, dependencies.secrets, secret);

  const unhealthy = unhealthiness(dataStore);
  if (unhealthy) return failed('DataStoreUnhealthy', unhealthy);
  if (dependencies.verify) {
    const ensured = await onStore(opened, (driver) =>
      driver.ensurePartition(names.runtimeId, { fence: dependencies.fence }),
    );
    if (ensured.state !== 'Done') return ensured;
  }
  const { driver, endpoints } = dataStore.spec;
  const readAtStart = readAtStartOn[driver].map((file) => credential[file]);
  return done({ driver, endpoints, partition: names.runtimeId, readAtStart });
}

/**
 * Why the store cannot be used, as its own status says of its present specification. Each tenant that asked for itself would
 * be one more caller of a store that has trouble enough; when it is Ready again, all of them are told.
 */
function unhealthiness({ metadata, status }: DataStore): string | undefined {
  const ready = findCondition(status?.conditions, 'Ready');
  if (ready?.status !== 'False' || ready.observedGeneration !== metadata?.generation) return undefined;
  return `DataStore ${metadata?.name} is not Ready: ${ready.message}`;
}
