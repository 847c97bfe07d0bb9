import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { nodes, secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type TenantControlPlaneSpecInput, withDefaults } from '../support/defaults.ts';
import { ApiServer, type StoredObject } from './api-server.ts';
import { Marina } from './marina.ts';
import { generateKeyPair, issueCertificateAuthority, resetPaper } from './paper-pki.ts';
import { Random } from './random.ts';
import { SimulatedStore } from './store.ts';
import { idOf, TenantClusters } from './tenant-clusters.ts';
import { Truth } from './truth.ts';
import { fairWeather, type Weather } from './weather.ts';
import { Workloads } from './workloads.ts';
import { systemNamespace, userNamespace } from './settings.ts';

/** A management cluster with its store, the tenants' clusters and the processes of Marina, all in memory, under one clock. */
export class World {
  readonly clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  /** Of latencies, faults and everything that the schedule does not decide. */
  readonly chance: Random;
  readonly weather: Weather = fairWeather();
  readonly store = new SimulatedStore();
  readonly management: ApiServer;
  readonly workloads: Workloads;
  readonly clusters: TenantClusters;
  readonly truth: Truth;
  readonly marinas: Marina[] = [];
  /** Lines of what happened; undefined where nobody wants to know. */
  readonly trace: string[] | undefined;
  private readonly names = new Map<string, string>();

  constructor(seed: number, options: { readonly trace?: boolean } = {}) {
    resetPaper();
    this.chance = new Random(seed, 'chance');
    this.trace = options.trace ? [] : undefined;
    const { clock } = this;
    const now = () => clock.now();
    const uid = () => this.chance.uuid();
    this.management = new ApiServer({
      now,
      uid,
      complete: (plural, object) => this.workloads.complete(plural, object),
    });
    this.workloads = new Workloads({
      server: this.management,
      clock,
      random: this.chance,
      canServe: (id) => this.clusters.canServe(id),
      onServing: (pod) => void this.clusters.open(pod.runtimeId),
      note: (text) => this.note('cluster', text),
    });
    this.clusters = new TenantClusters({
      management: this.management,
      store: this.store,
      workloads: this.workloads,
      now,
      nowMs: () => clock.monotonicMs(),
      uid,
      isStoreDown: () => this.weather.storeDown,
    });
    this.truth = new Truth(this);
  }

  /** Everything that is there before the first Marina. */
  async furnish(): Promise<void> {
    const { management } = this;
    management.create(nodes, { metadata: { name: 'node-1' }, status: { allocatable: { cpu: '2' } } });
    for (const name of ['store-ca', 'store-root']) management.create(secrets, await this.storeSecret(name));
    management.create(dataStores, {
      metadata: { name: 'default' },
      spec: {
        driver: 'etcd',
        endpoints: ['store.marina-system.svc:2379'],
        tlsConfig: {
          certificateAuthority: { secretName: 'store-ca' },
          clientCertificate: { secretName: 'store-root' },
        },
      },
    });
  }

  createTenant(name: string, spec: Partial<TenantControlPlaneSpecInput>): void {
    const created = this.management.create(tenantControlPlanes, {
      metadata: { namespace: userNamespace, name },
      spec: specOf(spec),
    });
    this.names.set(idOf(created.metadata?.uid), `${name}#${this.names.size + 1}`);
  }

  startMarina(): Marina {
    const name = `marina-${this.marinas.length + 1}`;
    this.note('schedule', `${name} starts`);
    const marina = new Marina(this, name);
    this.marinas.push(marina);
    return marina;
  }

  get living(): Marina[] {
    return this.marinas.filter(({ process }) => process.alive);
  }

  tenants(): StoredObject[] {
    return this.management.all('tenantcontrolplanes');
  }

  setStoreDown(down: boolean): void {
    this.weather.storeDown = down;
    this.workloads.reconsider();
  }

  /** For people: `a#1` for the first tenant of that name. */
  nameOf(id: string): string {
    return this.names.get(id) ?? id;
  }

  note(actor: string, text: string): void {
    if (!this.trace) return;
    const seconds = (this.clock.monotonicMs() / 1_000).toFixed(3).padStart(9);
    let line = `${seconds} ${actor.padEnd(9)} ${text}`;
    for (const [id, name] of this.names) line = line.replaceAll(id, name);
    this.trace.push(line);
  }

  private async storeSecret(name: string) {
    const keyPair = await generateKeyPair('ECDSA-P256');
    const certificate = issueCertificateAuthority({
      commonName: name,
      keyPair,
      serialNumber: name,
      notBefore: new Date('2025-01-01T00:00:00Z'),
      notAfter: new Date('2045-01-01T00:00:00Z'),
    });
    return {
      metadata: { namespace: systemNamespace, name },
      type: 'kubernetes.io/tls',
      data: encodeData({ 'tls.crt': certificate, 'tls.key': keyPair.privateKey }),
    };
  }
}

/** Filling in the defaults costs more than much else here, and there are few different specs. */
const specs = new Map<string, ReturnType<typeof withDefaults>>();

function specOf(spec: Partial<TenantControlPlaneSpecInput>): ReturnType<typeof withDefaults> {
  const key = JSON.stringify(spec);
  const known = specs.get(key) ?? withDefaults({ kubernetes: { version: 'v1.36.3' }, ...spec });
  specs.set(key, known);
  return known;
}
