import { placementFieldManager } from '../../api/v1alpha1/field-managers.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../kube/client.ts';
import { effectiveTenant } from '../class/effective.ts';
import { done, failed, type StepResult, type Unfinished, waiting } from '../component.ts';
import { storeOf, storesOf } from '../datastore-access/store-of.ts';
import type { Progress } from '../status.ts';
import type { ControlPlaneCaches } from '../view.ts';
import { toCandidate } from './candidate.ts';
import { chooseDataStore } from './choose.ts';

export interface PlacementOptions {
  readonly client: KubeClient;
  readonly caches: Pick<ControlPlaneCaches, 'tenants' | 'dataStores'>;
}

/** Gives a control plane that names no DataStore the best one, once, by writing it into the specification. */
export class Placement {
  private readonly options: PlacementOptions;
  /** Where those go that are being written just now, by uid: those beside them are to know. */
  private readonly onTheirWay = new Map<string, string>();

  constructor(options: PlacementOptions) {
    this.options = options;
  }

  /** The control plane with its store. Rejects with `Conflict` when the object has changed since it was read. */
  async place(tenant: TenantControlPlane): Promise<StepResult<TenantControlPlane>> {
    if (storeOf(tenant) !== undefined) return done(tenant);
    const { dataStoreSelector } = effectiveTenant(tenant).spec;
    const choice = chooseDataStore(this.candidates(), dataStoreSelector);
    if (choice.chosen === undefined) return failed('NoDataStoreFits', choice.why);
    const { uid = '' } = tenant.metadata ?? {};
    this.onTheirWay.set(uid, choice.chosen);
    try {
      return done(await this.write(tenant, choice.chosen));
    } finally {
      this.onTheirWay.delete(uid);
    }
  }

  private candidates() {
    const { tenants, dataStores } = this.options.caches;
    const placed = [...tenants.list().flatMap(storesOf), ...this.onTheirWay.values()];
    const counts = new Map<string, number>();
    for (const name of placed) counts.set(name, (counts.get(name) ?? 0) + 1);
    return dataStores.list().map((store) => toCandidate(store, counts.get(store.metadata?.name ?? '') ?? 0));
  }

  private async write({ metadata }: TenantControlPlane, dataStore: string): Promise<TenantControlPlane> {
    const { client, caches } = this.options;
    const { name, namespace, uid, resourceVersion } = metadata ?? {};
    const body = { metadata: { name, namespace, uid, resourceVersion }, spec: { dataStore } };
    const written = await client.apply(tenantControlPlanes, body as TenantControlPlane, {
      fieldManager: placementFieldManager,
      // Whoever has named one meanwhile means that one.
      force: false,
    });
    caches.tenants.remember(written);
    return written;
  }
}

/** Of one without a store: nothing is made before there is one. */
export function unplacedProgress(placement: Unfinished): Progress {
  return unmadeProgress(placement, waiting('PlacementPending', 'Waiting for a DataStore.'));
}

/** Of one that its class or its quota keeps out. */
export function heldProgress(): Progress {
  const pending = waiting('AdmissionPending', 'Waiting to be let in by class and quota.');
  return unmadeProgress(pending, pending);
}

function unmadeProgress(placement: Unfinished, pending: Unfinished): Progress {
  return {
    endpoint: pending,
    endpointCheck: pending,
    partition: placement,
    certificates: pending,
    adminKubeconfig: pending,
    workload: pending,
    bootstrap: pending,
    addons: pending,
    pods: 0,
  };
}
