import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { refOf } from '../../src/kube/resource.ts';
import { events } from '../../src/kube/resources.ts';
import { type ManagementCluster, type SharedStore, startManagementCluster } from './management-cluster.ts';
import { type Machine, onMachine } from './process-kubelet.ts';
import { superviseMarina, type SupervisedMarina } from './supervised-marina.ts';
import { aTenant } from './tenant.ts';
import { untilReady } from './tenant-life.ts';
import { waitUntil } from './wait-until.ts';
import { WriteLedger } from './write-ledger.ts';

/** Milliseconds in which a fault has to be told; Marina looks at a store that is well once a minute. */
const noticeMs = 90_000;
/** Milliseconds of patience with a recovery, of which the tests allow one minute: what it took shall be seen. */
const recoveryMs = 180_000;

/** What the DataStore says of itself. */
export interface StoreReport {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: RegExp;
}

export interface StoreFault {
  readonly name: string;
  begin(): Promise<void> | void;
  /** Resolves when the store is as good as it will be. */
  end(): Promise<void> | void;
  /** What is said of the store meanwhile. */
  readonly during: StoreReport;
  /** Default: `Every endpoint answers`. */
  readonly after?: StoreReport;
}

export interface Survival {
  /** From the store's return until every tenant is Ready and has acknowledged a write that was begun after it. */
  readonly seconds: number;
  /** The longest that a tenant was without an acknowledged write, from the fault's beginning to the last recovery. */
  readonly pauseSeconds: number;
  /** Events since the fault began: `reason` and how often, of the DataStore and of each tenant. */
  readonly storeEvents: readonly string[];
  readonly tenantEvents: readonly (readonly string[])[];
}

export interface StoreWorld extends AsyncDisposable {
  readonly cluster: ManagementCluster;
  readonly machine: Machine;
  readonly tenants: readonly TenantControlPlane[];
  readonly ledgers: readonly WriteLedger[];
  /** Lets the fault happen while tenants write and Marina is killed, and checks what is said of it on the way. */
  survive(fault: StoreFault): Promise<Survival>;
  /** Ends all writing; what was acknowledged and is not there, by tenant. */
  settle(): Promise<readonly (readonly string[])[]>;
}

const healthy: StoreReport = { status: 'True', reason: 'Healthy', message: /Every endpoint answers/ };
const storeName = 'shared';

/** A management cluster, and tenants on one shared store that are written to all the time. Marina runs as a process. */
export async function startStoreWorld(store: SharedStore, tenantCount: number): Promise<StoreWorld> {
  await using started = new AsyncDisposableStack();
  const cluster = started.use(await startManagementCluster());
  await cluster.addDataStore(storeName, store);
  const machine = await cluster.startMachine({ processes: ['kube-apiserver', 'kine'] });
  const marina = superviseMarina({ kubeconfigPath: cluster.kubeconfigPath, identity: 'mortal' });
  started.defer(() => marina.stop());
  const names = Array.from({ length: tenantCount }, (_, index) => `tenant-${index}`);
  const tenants = await Promise.all(
    names.map(async (name) => {
      const tenant = await cluster.create(aTenant({ ...onMachine, dataStore: storeName }, { name }));
      return Promise.race([untilReady(cluster.client, tenant), marina.trouble]);
    }),
  );
  const ledgers: WriteLedger[] = [];
  for (const tenant of tenants) ledgers.push(started.use(new WriteLedger(await cluster.adminOf(tenant))));
  const world = new World({ cluster, marina, tenants, ledgers });
  await world.untilServing();
  const parts = started.move();
  return {
    cluster,
    machine,
    tenants,
    ledgers,
    survive: (fault) => Promise.race([world.survive(fault), marina.trouble]),
    settle: () => Promise.all(ledgers.map((ledger) => ledger.settle())),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

class World {
  private readonly cluster: ManagementCluster;
  private readonly marina: SupervisedMarina;
  private readonly tenants: readonly TenantControlPlane[];
  private readonly ledgers: readonly WriteLedger[];

  constructor(
    parts: Pick<StoreWorld, 'cluster' | 'tenants' | 'ledgers'> & {
      readonly marina: SupervisedMarina;
    },
  ) {
    this.cluster = parts.cluster;
    this.marina = parts.marina;
    this.tenants = parts.tenants;
    this.ledgers = parts.ledgers;
  }

  async survive(fault: StoreFault): Promise<Survival> {
    const before = await this.countEvents();
    for (const ledger of this.ledgers) ledger.takeLongestPause();
    try {
      await fault.begin();
      await this.marina.kill();
      await this.untilStoreSays(fault.during);
      if (fault.during.status === 'False') await this.untilTenantsSay('False');
      else await this.untilServing();
      await this.marina.kill();
    } finally {
      await fault.end();
    }
    const backMs = performance.now();
    await this.untilStoreSays(fault.after ?? healthy);
    await this.untilTenantsSay('True');
    await this.untilServing();
    const seconds = Math.round((performance.now() - backMs) / 1000);
    const pausesMs = this.ledgers.map((ledger) => ledger.takeLongestPause());
    const pauseSeconds = Math.round(Math.max(...pausesMs) / 1000);
    const [storeEvents = [], ...tenantEvents] = (await this.countEvents()).map((counts, index) =>
      newEvents(counts, before[index]),
    );
    return { seconds, pauseSeconds, storeEvents, tenantEvents };
  }

  async untilServing(): Promise<void> {
    await Promise.all(this.ledgers.map((ledger) => ledger.progress(recoveryMs)));
  }

  private async untilStoreSays({ status, reason, message }: StoreReport): Promise<void> {
    let told = 'nothing';
    const isTold = async () => {
      const store = await this.cluster.client.get(dataStores, { name: storeName });
      const ready = findCondition(store?.status?.conditions, 'Ready');
      told = `${ready?.status} ${ready?.reason}: ${ready?.message}`;
      return ready?.status === status && ready.reason === reason && message.test(ready.message);
    };
    await waitUntil('the DataStore says so', isTold, noticeMs).catch((cause: unknown) => {
      throw new Error(`the DataStore says ${told}, not ${status} ${reason}: ${message.source}`, { cause });
    });
  }

  /** Of a store that is down no tenant is Ready, and each says why. */
  private async untilTenantsSay(status: 'True' | 'False'): Promise<void> {
    await Promise.all(
      this.tenants.map((tenant) =>
        waitUntil(
          `${tenant.metadata?.name} has DataStoreReady and Ready ${status}`,
          async () => {
            const live = await this.cluster.client.get(tenantControlPlanes, refOf(tenant));
            const [store, ready] = ['DataStoreReady', 'Ready'].map((type) =>
              findCondition(live?.status?.conditions, type),
            );
            return store?.status === status && ready?.status === status;
          },
          recoveryMs,
        ),
      ),
    );
  }

  private async countEvents(): Promise<readonly ReadonlyMap<string, number>[]> {
    const store = await this.cluster.client.get(dataStores, { name: storeName });
    const objects: readonly (DataStore | TenantControlPlane | undefined)[] = [store, ...this.tenants];
    return Promise.all(objects.map((object) => this.eventsOf(object)));
  }

  private async eventsOf(
    object: DataStore | TenantControlPlane | undefined,
  ): Promise<ReadonlyMap<string, number>> {
    const { namespace = 'default', uid } = object?.metadata ?? {};
    const { items } = await this.cluster.client.list(events, {
      namespace,
      fieldSelector: `involvedObject.uid=${uid}`,
    });
    const counts = new Map<string, number>();
    for (const { reason = '', count = 1 } of items) counts.set(reason, (counts.get(reason) ?? 0) + count);
    return counts;
  }
}

/** One entry for each time that an Event was told. */
function newEvents(
  after: ReadonlyMap<string, number>,
  before?: ReadonlyMap<string, number>,
): readonly string[] {
  return [...after].flatMap(([reason, count]) =>
    Array<string>(count - (before?.get(reason) ?? 0)).fill(reason),
  );
}
