import { Registry } from 'prom-client';
import { imageReference } from '../../hack/toolchain/images.ts';
import { createCaches } from '../../src/controller/caches.ts';
import { createControlPlaneController, createDataStoreController } from '../../src/controller/controllers.ts';
import { startCapacity, StartGate } from '../../src/controlplane/start-gate.ts';
import type { TenantTarget } from '../../src/controlplane/tenant-clients.ts';
import { inspectCertificate } from './paper-pki.ts';
import { DataStoreConnections } from '../../src/datastore/connections.ts';
import { DataStorePool } from '../../src/datastore/pool.ts';
import { LeaderElection } from '../../src/engine/leader-election.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import { Manager } from '../../src/engine/manager.ts';
import { EngineMetrics } from '../../src/engine/metrics.ts';
import { EventRecorder } from '../../src/kube/events.ts';
import { FencedKubeClient } from '../../src/kube/fenced-client.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { SimulatedClient } from './client.ts';
import { SimulatedProcess } from './process.ts';
import { SimulatedStoreDriver } from './store.ts';
import { nodeAddress, tenantsNamespace } from './tenant-clusters.ts';
import type { WatchStream } from './watch-stream.ts';
import { mishap } from './weather.ts';
import { resyncMs, systemNamespace } from './settings.ts';
import type { World } from './world.ts';

/** Counting costs little, registering a lot: all processes of all simulations share them. */
const metrics = new EngineMetrics(new Registry());

/** One replica of the controller, wired as `src/controller/assemble.ts` does it, in the simulated world. */
export class Marina {
  readonly process: SimulatedProcess;
  readonly streams = new Set<WatchStream<KubeObject>>();
  readonly election: LeaderElection;
  private readonly world: World;
  private readonly stopping = new AbortController();

  constructor(world: World, name: string) {
    this.world = world;
    this.process = new SimulatedProcess(name, world.clock, world.chance);
    const { process } = this;
    const clock = process;
    const log = world.trace ? tracing(world, name) : silentLog;
    const random = world.chance.next;
    const client = this.managementClient();
    this.election = new LeaderElection({
      client,
      namespace: systemNamespace,
      name: 'marina-controller',
      identity: name,
      clock,
      log,
      random,
    });
    const { guard } = this.election;
    const fence = () => guard.assertHeld();
    const fenced = new FencedKubeClient(client, guard);
    const caches = createCaches({
      client,
      clock,
      log,
      metrics,
      random,
      namespace: systemNamespace,
      tenantsNamespace,
    });
    const pool = new DataStorePool(() => this.storeDriver());
    const connections = new DataStoreConnections(caches.storeSecrets, systemNamespace, pool, clock);
    const engine = { clock, log, metrics, random };
    const events = new EventRecorder({ client: fenced, clock, log, component: 'marina', instance: name });
    const shared = { client: fenced, connections, fence, clock, random, events };
    const gate = new StartGate({
      capacity: () => startCapacity(caches.nodes.list()),
      wake: (key) => controlPlanes.enqueue(key),
      clock,
    });
    const controlPlanes = createControlPlaneController(
      {
        ...shared,
        caches,
        gate,
        tenantClients: {
          client: (target) => Promise.resolve(new FencedKubeClient(this.tenantClient(target), guard)),
        },
        settings: {
          namespace: tenantsNamespace,
          nodePortAddress: nodeAddress,
          kineImage: imageReference('kine'),
          resyncMs,
        },
        randomBytes: (size) => world.chance.bytes(size),
        resolve: () => Promise.reject(new Error('no names in this world')),
      },
      caches,
      { ...engine, workers: 4 },
    );
    const dataStores = createDataStoreController(
      { ...shared, pool, dataStores: caches.dataStores },
      caches,
      engine,
    );
    const manager = new Manager({
      informers: Object.values(caches),
      controllers: [dataStores, controlPlanes],
      election: this.election,
      clock,
      log,
    });
    void this.run(manager);
  }

  get leading(): boolean {
    return this.process.alive && this.election.guard.held;
  }

  /** Ends in good order; a dead one lets go of what it held. */
  shutDown(): void {
    this.stopping.abort();
  }

  /** To its end, which is the end of the process. */
  private async run(manager: Manager): Promise<void> {
    const { world, process } = this;
    try {
      await manager.run(this.stopping.signal);
    } catch (error: unknown) {
      world.note(process.name, `exits: ${String(error)}`);
    }
    process.kill();
  }

  private managementClient(): SimulatedClient {
    const { world, process } = this;
    return new SimulatedClient({
      process,
      cluster: 'management',
      reach: () => world.management,
      mishap: (isWrite) => mishap(world.chance, world.weather.management, isWrite),
      watchDelay: (plural) => {
        const late = world.weather.lateWatches.get(plural);
        return late === undefined ? world.chance.between(0, 12) : world.chance.between(0, late);
      },
      onSend: (operation, plural) => plural !== 'leases' && world.truth.writeSent(this, operation),
      onWatch: (stream) => this.streams.add(stream),
      note: (text) => world.note(process.name, text),
      probe: () => ({ status: 200, body: 'ok' }),
    });
  }

  private tenantClient(target: TenantTarget): SimulatedClient {
    const { world, process } = this;
    const id = ownerOf(target, world);
    return new SimulatedClient({
      process,
      cluster: `tenant ${world.nameOf(id)}`,
      reach: () => world.clusters.reach(target, id),
      mishap: (isWrite) => mishap(world.chance, world.weather.tenants, isWrite),
      watchDelay: () => 0,
      onSend: (operation) => world.truth.writeSent(this, operation),
      note: (text) => world.note(process.name, text),
      probe: (path) =>
        path === '/version' ? { status: 200, body: '{"gitVersion":"v1.36.3"}' } : { status: 200, body: 'ok' },
    });
  }

  private storeDriver(): SimulatedStoreDriver {
    const { world, process } = this;
    return new SimulatedStoreDriver({
      store: world.store,
      process,
      mishap: (isWrite) =>
        world.weather.storeDown
          ? { when: 'before', code: 'Unreachable', status: 0 }
          : mishap(world.chance, world.weather.store, isWrite),
      onSend: (operation) => world.truth.writeSent(this, operation),
      onEffect: (effect, id) => world.truth.partitionChanged(effect, id),
      note: (text) => world.note(process.name, text),
    });
  }
}

/** Which tenant a target was made for: its roots tell, also when its address has gone to another. */
function ownerOf({ certificateAuthority }: TenantTarget, world: World): string {
  return world.truth.ownerOfAuthority(inspectCertificate(certificateAuthority).serialNumber);
}

function tracing(world: World, name: string): Log {
  const line = (facts: object, message: string) => {
    const { key, err } = facts as { key?: string; err?: unknown };
    const error = err instanceof Error ? `: ${err.message}` : '';
    world.note(name, `# ${key ?? ''} ${message}${error}`);
  };
  const log: Log = {
    debug: () => {},
    info: () => {},
    warn: line,
    error: line,
    child: (facts) => withFacts(log, facts),
  };
  return log;
}

function withFacts(log: Log, facts: Record<string, unknown>): Log {
  const merge = (more: object) => ({ ...facts, ...more });
  return {
    debug: () => {},
    info: () => {},
    warn: (more, message) => log.warn(merge(more), message),
    error: (more, message) => log.error(merge(more), message),
    child: (more) => withFacts(log, merge(more)),
  };
}
