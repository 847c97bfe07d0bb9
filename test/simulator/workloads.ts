import { labels as labelNames } from '../../src/controlplane/names.ts';
import type { Clock } from '../../src/engine/clock.ts';
import { keyOf, refOf } from '../../src/kube/resource.ts';
import { type Deployment, pods as podResource, type Service } from '../../src/kube/resources.ts';
import { type ApiServer, type Change, foreground, type StoredObject } from './api-server.ts';
import { isSame } from './field-ownership.ts';
import type { Random } from './random.ts';

/** A pod of a control plane on its node. */
export interface RunningPod {
  readonly key: string;
  readonly runtimeId: string;
  readonly owner: { readonly key: string; readonly uid: string };
  readonly template: unknown;
  readonly ip: string;
  /** Its containers have run; they may run until the pod is gone. */
  started: boolean;
  serving: boolean;
  restarts: number;
  /** When the node's rules lead the Service's address to it (monotonic ms). */
  programmedAtMs: number;
}

export interface WorkloadsOptions {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether an API server of this control plane could start and stay now. */
  readonly canServe: (runtimeId: string) => boolean;
  readonly onServing: (pod: RunningPod) => void;
  readonly note: (text: string) => void;
}

/** What a management cluster does by itself: Deployments make pods, nodes run and stop them, Services get addresses. */
export class Workloads {
  readonly pods = new Map<string, RunningPod>();
  /** When a control plane last served, by runtime id (monotonic ms). */
  readonly lastServedMs = new Map<string, number>();
  /** How long the next container takes to start, in milliseconds. */
  slowness = 1;
  private readonly options: WorkloadsOptions;
  private readonly pending = new Set<string>();
  private sequence = 0;
  private addresses = 10;

  constructor(options: WorkloadsOptions) {
    this.options = options;
    options.server.listeners.add((change) => this.notice(change));
  }

  /** Pods that answer now. */
  serving(runtimeId: string): RunningPod[] {
    return [...this.pods.values()].filter((pod) => pod.serving && pod.runtimeId === runtimeId);
  }

  of(runtimeId: string): RunningPod[] {
    return [...this.pods.values()].filter((pod) => pod.runtimeId === runtimeId);
  }

  /** For `ApiServer.complete`. */
  readonly complete = (plural: string, object: StoredObject): StoredObject => {
    if (plural !== 'services') return object;
    const { spec } = object as unknown as Service;
    if (!spec) return object;
    this.addresses += 1;
    const clusterIP =
      spec.clusterIP ?? `10.96.${Math.floor(this.addresses / 200)}.${(this.addresses % 200) + 1}`;
    const ports = spec.ports?.map((port) =>
      spec.type === 'ClusterIP' || port.nodePort ? port : { ...port, nodePort: 30_000 + this.addresses },
    );
    return { ...object, spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ports } };
  };

  /** The containers of a pod end and are started again. */
  crash(pod: RunningPod): void {
    if (!this.pods.has(pod.key) || !pod.started) return;
    pod.restarts += 1;
    this.setServing(pod, false, this.options.random.chance(0.5) ? 'CrashLoopBackOff' : undefined);
    this.startLater(pod, this.options.random.between(500, 20_000));
  }

  /** The world has changed under the pods, e.g. the store went away or came back. */
  reconsider(): void {
    for (const pod of this.pods.values()) {
      const { random, clock, canServe } = this.options;
      clock.after(random.between(500, 8_000), () => {
        if (pod.serving && !canServe(pod.runtimeId)) {
          this.setServing(pod, false);
          this.startLater(pod, 1_000);
        }
      });
    }
  }

  private notice({ plural, object, previous, deleted }: Change): void {
    if (plural === 'deployments') {
      this.syncLater(keyOf(refOf(object)));
      return;
    }
    // What owns nothing goes at once.
    if (!deleted && object.metadata?.finalizers?.includes(foreground)) this.collectLater(plural, object);
    if (plural === 'pods') this.noticePod(object, previous, deleted);
    else if (plural === 'services' && !deleted) this.balance(object);
  }

  private collectLater(plural: string, object: StoredObject): void {
    const { clock, random, server } = this.options;
    clock.after(random.between(5, 500), () => server.release(plural, keyOf(refOf(object)), foreground));
  }

  private noticePod(object: StoredObject, previous: StoredObject | undefined, deleted: boolean): void {
    const key = keyOf(refOf(object));
    const pod = this.pods.get(key);
    if (!pod) return;
    this.syncLater(pod.owner.key);
    if (deleted) {
      this.pods.delete(key);
      return;
    }
    if (!object.metadata?.deletionTimestamp || previous?.metadata?.deletionTimestamp) return;
    const { random, clock, server } = this.options;
    clock.after(random.between(50, random.chance(0.2) ? 30_000 : 2_000), () => {
      if (pod.serving) this.lastServedMs.set(pod.runtimeId, clock.monotonicMs());
      pod.serving = false;
      server.finish('pods', key);
    });
  }

  private balance(object: StoredObject): void {
    const service = object as unknown as Service;
    if (service.spec?.type !== 'LoadBalancer' || service.status?.loadBalancer?.ingress) return;
    const { random, clock, server } = this.options;
    const ip = `203.0.113.${(this.addresses % 250) + 1}`;
    clock.after(random.between(50, 3_000), () =>
      server.setStatus('services', keyOf(refOf(object)), { loadBalancer: { ingress: [{ ip }] } }),
    );
  }

  private syncLater(key: string): void {
    if (this.pending.has(key)) return;
    this.pending.add(key);
    this.options.clock.after(this.options.random.between(2, 30), () => {
      this.pending.delete(key);
      this.sync(key);
    });
  }

  private sync(key: string): void {
    const { server } = this.options;
    const deployment = server.peek('deployments', key);
    const all = [...this.pods.values()].filter((pod) => pod.owner.key === key);
    for (const orphan of all) if (orphan.owner.uid !== deployment?.metadata?.uid) this.delete(orphan);
    if (!deployment) return;
    const own = all.filter((pod) => pod.owner.uid === deployment.metadata?.uid);
    if (deployment.metadata?.deletionTimestamp) {
      for (const pod of own) this.delete(pod);
      if (own.length === 0) server.release('deployments', key, foreground);
      return;
    }
    this.roll(
      key,
      deployment,
      own.filter((pod) => !this.isDeleting(pod)),
    );
  }

  /** One pod more than wanted at most, none less. */
  private roll(key: string, deployment: Deployment & StoredObject, active: RunningPod[]): void {
    const wanted = deployment.spec?.replicas ?? 1;
    const template = deployment.spec?.template;
    const current = active.filter((pod) => isSame(pod.template, template));
    const outdated = active.filter((pod) => !current.includes(pod));
    for (const pod of current.toSorted(servingFirst).slice(wanted)) this.delete(pod);
    for (
      let count = current.length;
      count < wanted && active.length + count - current.length < wanted + 1;
      count += 1
    ) {
      this.create(key, deployment);
    }
    let spare = active.filter((pod) => pod.serving).length - wanted;
    for (const pod of outdated) {
      if (pod.serving && wanted > 0 && spare <= 0) continue;
      if (pod.serving) spare -= 1;
      this.delete(pod);
    }
    this.options.server.setStatus('deployments', key, {
      observedGeneration: deployment.metadata?.generation,
      replicas: active.length,
      updatedReplicas: current.length,
      readyReplicas: active.filter((pod) => pod.serving).length,
    });
  }

  private create(owner: string, deployment: Deployment & StoredObject): void {
    const { server, random } = this.options;
    this.sequence += 1;
    const { namespace, uid = '' } = deployment.metadata ?? {};
    const template = deployment.spec?.template;
    const labels = template?.metadata?.labels ?? {};
    const name = `${deployment.metadata?.name}-${this.sequence}`;
    const key = `${namespace}/${name}`;
    const pod: RunningPod = {
      key,
      runtimeId: labels[labelNames.runtimeId] ?? '',
      owner: { key: owner, uid },
      template,
      ip: `10.244.${Math.floor(this.sequence / 250)}.${(this.sequence % 250) + 1}`,
      started: false,
      serving: false,
      restarts: 0,
      programmedAtMs: Infinity,
    };
    this.pods.set(key, pod);
    server.create(podResource, { metadata: { namespace, name, labels } });
    const quick = random.between(200, 4_000) * this.slowness;
    this.startLater(pod, Math.min(60_000, random.chance(0.05) ? quick * 10 : quick));
    this.syncLater(owner);
  }

  private startLater(pod: RunningPod, ms: number): void {
    const { clock, canServe, random } = this.options;
    clock.after(ms, () => {
      if (!this.pods.has(pod.key) || this.isDeleting(pod) || pod.serving) return;
      if (canServe(pod.runtimeId)) this.setServing(pod, true);
      else this.startLater(pod, random.between(500, 2_000));
    });
  }

  private setServing(pod: RunningPod, serving: boolean, waiting?: string): void {
    const { server, clock, random, onServing, note } = this.options;
    if (pod.serving && !serving) this.lastServedMs.set(pod.runtimeId, clock.monotonicMs());
    pod.serving = serving;
    if (serving) {
      pod.started = true;
      pod.programmedAtMs = clock.monotonicMs() + random.between(5, 600);
      onServing(pod);
    }
    note(`pod ${pod.key} ${serving ? 'serves' : `serves no more${waiting ? `: ${waiting}` : ''}`}`);
    const status = {
      phase: 'Running',
      podIP: pod.ip,
      conditions: [{ type: 'Ready', status: serving ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'kube-apiserver',
          ready: serving,
          restartCount: pod.restarts,
          ...(waiting && { state: { waiting: { reason: waiting } } }),
        },
      ],
    };
    server.setStatus('pods', pod.key, status);
    this.syncLater(pod.owner.key);
  }

  private delete(pod: RunningPod): void {
    const { server } = this.options;
    const [namespace, name = ''] = pod.key.split('/');
    server.delete(podResource, { namespace, name });
  }

  private isDeleting(pod: RunningPod): boolean {
    return this.options.server.peek('pods', pod.key)?.metadata?.deletionTimestamp !== undefined;
  }
}

function servingFirst(one: RunningPod, other: RunningPod): number {
  return Number(other.serving) - Number(one.serving);
}
