import type { DataStoreSpec } from '../../api/v1alpha1/data-store.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import type { PartitionAccess } from '../../datastore/driver.ts';
import { applyOwned, type OwnedCache } from '../apply-owned.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import type { StoreAccess } from '../deployment/store-access.ts';
import { tenantLabels } from '../names.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import type { View } from '../view.ts';
import { onStore } from './on-store.ts';
import { madeIn } from './former-store.ts';
import { storeOf } from './store-of.ts';
import { type Credential, currentCredential } from './credential.ts';
import { unusable } from './usable.ts';

export interface PartitionDependencies {
  readonly client: KubeClient;
  readonly secrets: OwnedCache<Secret>;
  readonly connections: DataStoreConnections;
  readonly fence: () => void;
  /** DataStores in which something of it may have been left. */
  readonly formerStores: readonly string[];
  /** What the tenant may do in the partition, at this moment. */
  readonly access: () => PartitionAccess;
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
  /** Whether the partition itself is to be looked at now; what is in the store changes only by hand. */
  readonly verify: boolean;
}

class AccessChanged extends Error {}

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
      `There is no DataStore ${storeOf(tenant)}: make it, or name another in spec.dataStore.`,
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
      annotations: madeIn(dataStore.metadata?.name ?? '', dependencies.formerStores),
    },
    type: 'Opaque',
    data: encodeData({ ...credential }),
  };
  // First, though it is good for nothing yet: a deletion knows by it that there may be a partition to remove.
  await applyOwned(dependencies.client, secrets, dependencies.secrets, secret);

  const obstacle = unusable(dataStore);
  if (obstacle) return obstacle;
  if (dependencies.verify) {
    const access = dependencies.access();
    const fence = () => {
      dependencies.fence();
      // A migration has begun or ended meanwhile: what was decided before it must not undo what it did.
      if (dependencies.access() !== access)
        throw new AccessChanged('The control plane begins or ends to move to another store.');
    };
    try {
      const ensured = await onStore(opened, (driver) =>
        driver.ensurePartition(names.runtimeId, { fence, access }),
      );
      if (ensured.state !== 'Done') return ensured;
    } catch (error: unknown) {
      if (!(error instanceof AccessChanged)) throw error;
      return waiting('CacheBehind', error.message, 200);
    }
  }
  const { driver, endpoints } = dataStore.spec;
  const readAtStart = readAtStartOn[driver].map((file) => credential[file]);
  return done({ driver, endpoints, partition: names.runtimeId, readAtStart });
}
