import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import type { DataStoreConnections } from '../../datastore/connections.ts';
import { applyOwned, type OwnedCache } from '../apply-owned.ts';
import { done, failed, type StepResult } from '../component.ts';
import type { EtcdAccess } from '../deployment/flags.ts';
import { tenantLabels } from '../names.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import type { View } from '../view.ts';
import { onStore } from './on-store.ts';
import { currentCredential } from './credential.ts';

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

/** The tenant's partition of its DataStore and the credential for it. */
export async function syncPartition(
  view: View,
  dependencies: PartitionDependencies,
): Promise<StepResult<EtcdAccess>> {
  const { tenant, names, dataStore } = view;
  if (!dataStore) {
    return failed(
      'DataStoreNotFound',
      `There is no DataStore ${tenant.spec.dataStore}: make it, or name another in spec.dataStore.`,
    );
  }
  const opened = dependencies.connections.open(dataStore);
  if (!opened.ok) return failed(opened.reason, opened.message);

  if (dependencies.verify) {
    const ensured = await onStore(opened, (driver) =>
      driver.ensurePartition(names.runtimeId, { fence: dependencies.fence }),
    );
    if (ensured.state !== 'Done') return ensured;
  }

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
  await applyOwned(dependencies.client, secrets, dependencies.secrets, secret);
  return done({
    endpoints: dataStore.spec.endpoints,
    partition: names.runtimeId,
    certificateAuthority: credential['ca.crt'],
  });
}
