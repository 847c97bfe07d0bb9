import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '../../src/engine/backoff.ts';
import type { Clock } from '../../src/engine/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { refOf, type KubeObject, type Resource } from '../../src/kube/resource.ts';
import { pods, type Pod } from '../../src/kube/resources.ts';
import { mountedFiles, type VolumeSources, writeMounted } from './process-kubelet-files.ts';
import { type Container, Program } from './process-kubelet-program.ts';

export interface PodOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** Ends the patience with an API server that does not answer. */
  readonly signal: AbortSignal;
  readonly sources: VolumeSources;
  readonly node: string;
  readonly address: string;
  /** Empty, and the pod's own. */
  readonly directory: string;
  /** Containers that run as processes. */
  readonly real: readonly string[];
  /** Where the pod's API server is reached by way of its Service. */
  readonly serviceHost: () => string | undefined;
}

/** One pod as a kubelet has it: bound, its programs run, its status told. */
export class ProcessPod {
  readonly pod: Pod;
  readonly address: string;
  /** Native sidecars (KEP-753) first, which the others wait for. */
  readonly programs: readonly Program[];
  private readonly containers: readonly Container[];
  private readonly sidecars: number;
  private readonly options: PodOptions;
  private readonly transitions = new Map<string, { readonly status: string; readonly at: string }>();
  private readonly started = new Set<string>();
  private isStopping = false;
  private work: Promise<void> = Promise.resolve();
  private reporting: Promise<void> | undefined;
  private isReportDue = false;

  constructor(pod: Pod, options: PodOptions) {
    this.pod = pod;
    this.options = options;
    this.address = options.address;
    const { containers = [], initContainers = [] } = pod.spec ?? {};
    this.containers = [...initContainers, ...containers];
    this.sidecars = initContainers.length;
    this.programs = this.containers.map(
      (container, index) =>
        new Program({
          container,
          address: options.address,
          directory: options.directory,
          isReal: options.real.includes(container.name),
          clock: options.clock,
          changed: () => {
            this.report();
            // Those that wait for it may start.
            if (index < this.sidecars) void this.refresh();
          },
        }),
    );
  }

  get ready(): boolean {
    return !this.isStopping && this.programs.every((program) => program.ready);
  }

  /** Binds the pod to the node and starts what has its files; the others wait for `refresh`. */
  async start(): Promise<void> {
    await this.bind();
    this.report();
    await this.refresh();
  }

  /** Takes in what Secrets and ConfigMaps say now. */
  refresh(): Promise<void> {
    this.work = this.work.then(() => this.mount());
    return this.work;
  }

  /** Ends the programs, then the pod itself. */
  async stop(): Promise<void> {
    await this.halt();
    await this.reporting;
    const { uid } = this.pod.metadata ?? {};
    await insist(this.options, () =>
      this.options.client.delete(pods, refOf(this.pod), { uid, gracePeriodSeconds: 0 }),
    );
  }

  /** Ends the programs and tells nobody. */
  async halt(): Promise<void> {
    this.isStopping = true;
    await this.work;
    await Promise.all(this.programs.slice(this.sidecars).map((program) => program.stop()));
    await Promise.all(this.programs.slice(0, this.sidecars).map((program) => program.stop()));
  }

  private async bind(): Promise<void> {
    const { name, namespace, uid } = this.pod.metadata ?? {};
    const bindings: Resource<KubeObject & { target: object }> = {
      apiVersion: 'v1',
      kind: 'Binding',
      plural: `pods/${name}/binding`,
      namespaced: true,
    };
    const target = { apiVersion: 'v1', kind: 'Node', name: this.options.node };
    await insist(this.options, () =>
      this.options.client.create(bindings, { metadata: { name, namespace, uid }, target }),
    );
  }

  private async mount(): Promise<void> {
    const { spec } = this.pod;
    for (const [index, container] of this.containers.entries()) {
      const files = spec && mountedFiles(spec, container, this.options.sources);
      const program = this.programs[index];
      if (!files || !program || this.isStopping) continue;
      await writeMounted(this.options.directory, this.adapted(container, files));
      const isHeldBack = index >= this.sidecars && !this.haveSidecarsStarted();
      if (this.started.has(container.name) || isHeldBack) continue;
      await this.makeDirectories(container);
      this.started.add(container.name);
      await program.start();
    }
  }

  private haveSidecarsStarted(): boolean {
    return this.programs.slice(0, this.sidecars).every(({ ready }) => ready);
  }

  /** Also of volumes that are empty at first. */
  private async makeDirectories({ volumeMounts = [] }: Container): Promise<void> {
    for (const { mountPath } of volumeMounts) {
      await mkdir(path.join(this.options.directory, mountPath), { recursive: true });
    }
  }

  /** Configuration files name other files, and the API server of the same pod. */
  private adapted(container: Container, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const host = this.options.serviceHost() ?? this.address;
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const adapt = (content: string) =>
      mounts
        .reduce((text, mount) => text.replaceAll(mount, path.join(this.options.directory, mount)), content)
        .replaceAll('https://127.0.0.1:6443', `https://${host}:6443`);
    return new Map([...files].map(([name, content]) => [name, adapt(content)]));
  }

  /** Writes the status soon; what changes while a write is under way is written by the next one. */
  private report(): void {
    this.isReportDue = true;
    this.reporting ??= this.writeReports().finally(() => {
      this.reporting = undefined;
    });
  }

  private async writeReports(): Promise<void> {
    while (this.isReportDue && !this.isStopping) {
      this.isReportDue = false;
      const body = { metadata: { uid: this.pod.metadata?.uid }, status: this.status() };
      await insist(this.options, () =>
        this.options.client.patch(pods, refOf(this.pod), { type: 'merge', body }, { subresource: 'status' }),
      );
    }
  }

  private status(): object {
    const statuses = this.programs.map((program) => program.status);
    const initContainerStatuses = statuses.slice(0, this.sidecars);
    const containerStatuses = statuses.slice(this.sidecars);
    const isRunning = this.started.size === this.programs.length;
    const ready = this.ready ? 'True' : 'False';
    return {
      phase: isRunning ? 'Running' : 'Pending',
      podIP: this.address,
      podIPs: [{ ip: this.address }],
      conditions: [
        this.condition('PodScheduled', 'True'),
        this.condition('Initialized', 'True'),
        this.condition('ContainersReady', ready),
        this.condition('Ready', ready),
      ],
      ...(initContainerStatuses.length > 0 && { initContainerStatuses }),
      containerStatuses,
    };
  }

  private condition(type: string, status: 'True' | 'False'): object {
    const before = this.transitions.get(type);
    const at = before?.status === status ? before.at : this.options.clock.now().toISOString();
    this.transitions.set(type, { status, at });
    return { type, status, lastTransitionTime: at };
  }
}

/** Until the API server has answered: it may be away, as its tests like it to be. That the pod is gone is an answer too. */
export async function insist(
  { clock, signal }: Pick<PodOptions, 'clock' | 'signal'>,
  call: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await call();
      return;
    } catch (error: unknown) {
      if (isKubeError(error, 'NotFound', 'Conflict')) return;
      if (!isKubeError(error, 'Unreachable', 'Timeout', 'ServiceUnavailable', 'TooManyRequests')) throw error;
      await pause(clock, 200, signal);
    }
  }
}
