import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { labels } from '../../src/controlplane/names.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import { keyOf, type KubeObject, refOf, type Resource } from '../../src/kube/resource.ts';
import { configMaps, pods, type Pod, secrets, type Service, services } from '../../src/kube/resources.ts';
import type { LoopbackNetwork } from './process-kubelet-addresses.ts';
import { insist, ProcessPod } from './process-kubelet-pod.ts';
import type { TenantControlPlaneSpecInput } from './defaults.ts';
import { type Backend, ServiceProxy } from './process-kubelet-proxy.ts';
import type { Program } from './process-kubelet-program.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface MachineOptions {
  /** The machine's own; closed by whoever opened it. */
  readonly client: KubeClient;
  /** Its service range is the management cluster's. */
  readonly network: LoopbackNetwork;
  readonly namespace?: string;
  readonly node?: string;
  /**
   * Which containers run as processes: `kube-apiserver` (4 seconds, 130 MiB) by default, `kube-controller-manager` and
   * `kube-scheduler` if asked, and `kine`, without which a tenant on Postgres has no store; the others, or all of them when this
   * is empty, are only said to run and to be ready.
   */
  readonly processes?: readonly ProgramName[];
}

export type ProgramName = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kine';

export interface MachinePod {
  readonly name: string;
  readonly address: string;
  readonly ready: boolean;
  /** Of kube-apiserver. */
  readonly restartCount: number;
  readonly pid: number | undefined;
  /** Of all of its programs. */
  readonly restarts: number;
}

/**
 * For a tenant whose published address Marina can check: that of its Service. Inside the tenant it stands for another one,
 * since an EndpointSlice may not name a loopback address.
 */
export const onMachine = {
  controlPlane: { service: { serviceType: 'ClusterIP' } },
  networkProfile: { advertiseAddress: '192.0.2.10' },
} as const satisfies Partial<TenantControlPlaneSpecInput>;

/** Scheduler, kubelet and kube-proxy for control-plane pods, on this machine and without containers. */
export interface Machine extends AsyncDisposable {
  /** The tenant's pods that are on the machine, by name. */
  podsOf(tenant: TenantControlPlane): readonly MachinePod[];
  /** SIGKILL for a program of each of the tenant's pods; the machine starts it again as a kubelet would. */
  kill(tenant: TenantControlPlane, program?: ProgramName): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers; after ten seconds the pod is not ready. */
  pause(tenant: TenantControlPlane, program?: ProgramName): void;
  resume(tenant: TenantControlPlane, program?: ProgramName): void;
  /** New pods are unschedulable until `uncordon`. */
  cordon(): void;
  uncordon(): void;
}

/** Runs the control-plane pods of a management cluster whose Services have addresses of `network`. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const directory = await createTemporaryDirectory('machine');
  const machine = new ProcessMachine(options, directory.path);
  await machine.start();
  return {
    podsOf: (tenant) => machine.podsOf(tenant).map(describePod),
    kill: async (tenant, program) => {
      await Promise.all(machine.programsOf(tenant, program).map((each) => each.kill()));
    },
    pause: (tenant, program) => machine.programsOf(tenant, program).forEach((each) => each.pause()),
    resume: (tenant, program) => machine.programsOf(tenant, program).forEach((each) => each.resume()),
    cordon: () => machine.cordon(),
    uncordon: () => machine.uncordon(),
    async [Symbol.asyncDispose]() {
      await machine.stop();
      await directory.remove();
    },
  };
}

class ProcessMachine {
  private readonly options: MachineOptions;
  private readonly directory: string;
  private readonly placed = new Map<string, ProcessPod>();
  private readonly leaving = new Map<string, Promise<void>>();
  private readonly proxies = new Map<string, { readonly at: string; readonly proxy: ServiceProxy }>();
  private readonly ending = new AbortController();
  private readonly caches;
  private running: Promise<unknown> = Promise.resolve();
  private listening: Promise<unknown> = Promise.resolve();
  private isCordoned = false;

  constructor(options: MachineOptions, directory: string) {
    const { client, namespace = 'marina-tenants' } = options;
    this.options = options;
    this.directory = directory;
    const watch = <T extends KubeObject>(resource: Resource<T>, labelSelector?: string) =>
      new Informer<T>({ client, resource, namespace, labelSelector, clock: systemClock, log: silentLog });
    this.caches = {
      pods: watch(pods, `${labels.component}=control-plane`),
      services: watch(services),
      secrets: watch(secrets),
      configMaps: watch(configMaps),
    };
  }

  async start(): Promise<void> {
    const { pods: podCache, services: serviceCache, ...sources } = this.caches;
    podCache.onChange((previous, current) => this.onPod(previous, current));
    serviceCache.onChange((previous, current) => this.onService(previous, current));
    for (const source of Object.values(sources)) source.onChange(() => this.refreshFiles());
    const informers = Object.values(this.caches);
    this.running = Promise.all(informers.map((informer) => informer.run(this.ending.signal)));
    await Promise.all(informers.map((informer) => informer.synced()));
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
    await this.listening;
    await Promise.all([
      ...[...this.placed.values()].map((pod) => pod.halt()),
      ...this.leaving.values(),
      ...[...this.proxies.values()].map(({ proxy }) => proxy[Symbol.asyncDispose]()),
    ]);
  }

  podsOf(tenant: TenantControlPlane): readonly ProcessPod[] {
    return this.podsWith(runtimeId(tenant.metadata?.uid ?? ''));
  }

  programsOf(tenant: TenantControlPlane, name: ProgramName = 'kube-apiserver'): readonly Program[] {
    return this.podsOf(tenant).flatMap((pod) => pod.programs.filter((program) => program.name === name));
  }

  cordon(): void {
    this.isCordoned = true;
  }

  uncordon(): void {
    this.isCordoned = false;
    for (const pod of this.caches.pods.list()) this.onPod(undefined, pod);
  }

  private podsWith(id: string): readonly ProcessPod[] {
    return [...this.placed.values()]
      .filter(({ pod }) => pod.metadata?.labels?.[labels.runtimeId] === id)
      .sort((a, b) => (refOf(a.pod).name < refOf(b.pod).name ? -1 : 1));
  }

  private onPod(previous: Pod | undefined, current: Pod | undefined): void {
    const uid = (current ?? previous)?.metadata?.uid ?? '';
    const present = this.placed.get(uid);
    if (!current || current.metadata?.deletionTimestamp) {
      if (present) this.release(uid, present);
      return;
    }
    if (present || this.leaving.has(uid)) return;
    if (this.isCordoned) void this.refuse(current);
    else void this.place(uid, current);
  }

  private async place(uid: string, pod: Pod): Promise<void> {
    const { client, network, node = 'machine', processes = ['kube-apiserver'] } = this.options;
    const id = pod.metadata?.labels?.[labels.runtimeId] ?? '';
    const ref = (name: string) => ({ namespace: pod.metadata?.namespace, name });
    const directory = path.join(this.directory, refOf(pod).name);
    const placed = new ProcessPod(pod, {
      client,
      clock: systemClock,
      signal: this.ending.signal,
      node,
      directory,
      address: network.nextPodAddress(),
      real: processes,
      sources: {
        secret: (name) => this.caches.secrets.get(ref(name)),
        configMap: (name) => this.caches.configMaps.get(ref(name)),
      },
      serviceHost: () => this.caches.services.get(ref(id))?.spec?.clusterIP,
    });
    this.placed.set(uid, placed);
    await mkdir(directory);
    await placed.start();
  }

  private release(uid: string, pod: ProcessPod): void {
    this.placed.delete(uid);
    const left = pod.stop().finally(() => this.leaving.delete(uid));
    this.leaving.set(uid, left);
  }

  private async refuse(pod: Pod): Promise<void> {
    const message = '0/1 nodes are available: 1 node(s) were unschedulable.';
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message };
    const body = { metadata: { uid: pod.metadata?.uid }, status: { conditions: [condition] } };
    await insist({ clock: systemClock, signal: this.ending.signal }, () =>
      this.options.client.patch(pods, refOf(pod), { type: 'merge', body }, { subresource: 'status' }),
    );
  }

  private refreshFiles(): void {
    for (const pod of this.placed.values()) void pod.refresh();
  }

  private onService(previous: Service | undefined, current: Service | undefined): void {
    const key = keyOf(refOf(current ?? previous ?? {}));
    const wanted = current && this.frontOf(current);
    this.listening = this.listening.then(async () => {
      const present = this.proxies.get(key);
      if (present?.at === wanted?.at) return;
      await present?.proxy[Symbol.asyncDispose]();
      this.proxies.delete(key);
      if (!wanted) return;
      const proxy = new ServiceProxy(() => this.readyBackends(wanted));
      await proxy.listen(wanted.host, wanted.port);
      this.proxies.set(key, { at: wanted.at, proxy });
    });
  }

  /** Where a Service that selects a control plane listens, if that is within the machine's reach. */
  private frontOf({ spec }: Service): Front | undefined {
    const { clusterIP: host = '', selector } = spec ?? {};
    const [port] = spec?.ports ?? [];
    const id = selector?.[labels.runtimeId];
    if (!id || !port || !this.options.network.has(host)) return undefined;
    const targetPort = Number(port.targetPort ?? port.port);
    return { id, host, port: port.port, targetPort, at: `${id} ${host}:${port.port} ${targetPort}` };
  }

  private readyBackends({ id, targetPort }: Front): readonly Backend[] {
    return this.podsWith(id)
      .filter((pod) => pod.ready)
      .map((pod) => ({ host: pod.address, port: targetPort }));
  }
}

interface Front {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly targetPort: number;
  /** All of it, to see a change. */
  readonly at: string;
}

function describePod(pod: ProcessPod): MachinePod {
  const apiServer = pod.programs.find(({ name }) => name === 'kube-apiserver');
  return {
    name: refOf(pod.pod).name,
    address: pod.address,
    ready: pod.ready,
    restartCount: apiServer?.restartCount ?? 0,
    pid: apiServer?.pid,
    restarts: pod.programs.reduce((sum, { restartCount }) => sum + restartCount, 0),
  };
}
