import type { Clock } from '../engine/clock.ts';
import { parseQuantity } from '../kube/quantity.ts';
import type { Node } from '../kube/resources.ts';

export interface StartGateOptions {
  /** How many control planes may be starting at once, now. */
  readonly capacity: () => number;
  /** Brings back the tenant of this key, whose turn it is. */
  readonly wake: (key: string) => void;
  readonly clock: Clock;
}

export type Admission =
  | { readonly admitted: true }
  /** `retryMs`: when to ask again if not woken before. */
  | { readonly admitted: false; readonly ahead: number; readonly retryMs: number };

/** Milliseconds after which one that waits asks again. */
const heartbeatMs = 30_000;
/** Milliseconds after which one that has not asked again has other troubles, and loses its place. */
const silenceMs = 2 * heartbeatMs;
/** Milliseconds in which one that was woken has to come, or those behind it go first. */
const turnMs = 10_000;
/** Milliseconds after which a start that came to nothing no longer keeps others waiting. */
const startBudgetMs = 120_000;

interface Waiting {
  readonly key: string;
  readonly askedMs: number;
  readonly wokenMs?: number;
}

/**
 * Lets control planes be born at the pace that the machines bear. A kube-apiserver that starts alone is ready after some
 * three seconds of CPU; thirty that start together starve one another and their neighbours, and are ready much later.
 * First come, first served. What does not come up, or does not come when it is called, holds nobody up for long: it is
 * noticed by whoever asks next, and the waiting ones are told to ask at the moment when there may be something to notice.
 */
export class StartGate {
  private readonly options: StartGateOptions;
  /** When each of those that are starting began, by uid. */
  private readonly starting = new Map<string, number>();
  /** Those whose start has come to nothing so far: they go on trying and are not counted. */
  private readonly stalled = new Set<string>();
  /** Those that wait, by uid, in the order in which they came. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(options: StartGateOptions) {
    this.options = options;
  }

  /** Asks to start. `isUnderWay`: its Deployment exists already, as after a restart of Marina; it is counted, not stopped. */
  enter(uid: string, key: string, isUnderWay: boolean): Admission {
    const now = this.options.clock.monotonicMs();
    this.expire(now);
    // Setting anew keeps the place in the order.
    this.waiting.set(uid, { key, askedMs: now });
    const admission = this.decide(uid, isUnderWay, now);
    if (admission.admitted) this.waiting.delete(uid);
    this.wakeNext(now);
    return admission;
  }

  /** It runs, was stopped or is gone: the next ones may start. */
  leave(uid: string): void {
    this.starting.delete(uid);
    this.stalled.delete(uid);
    this.waiting.delete(uid);
    this.wakeNext(this.options.clock.monotonicMs());
  }

  /** Its start failed. It is left to go on, but the next ones do not wait for it any more. */
  stall(uid: string): void {
    this.starting.delete(uid);
    this.waiting.delete(uid);
    this.stalled.add(uid);
    this.wakeNext(this.options.clock.monotonicMs());
  }

  private decide(uid: string, isUnderWay: boolean, now: number): Admission {
    if (this.starting.has(uid)) return { admitted: true };
    if (isUnderWay && this.stalled.has(uid)) return { admitted: true };
    const ahead = this.inOrder(now).indexOf(uid);
    if (isUnderWay || ahead < this.free()) {
      this.stalled.delete(uid);
      this.starting.set(uid, now);
      return { admitted: true };
    }
    return { admitted: false, ahead, retryMs: this.retryMs(now) };
  }

  private free(): number {
    return Math.max(1, this.options.capacity()) - this.starting.size;
  }

  /** Until the next start is over its budget or the next turn is missed, if nothing is heard before. */
  private retryMs(now: number): number {
    const deadlines = [now + heartbeatMs];
    for (const since of this.starting.values()) deadlines.push(since + startBudgetMs);
    for (const { wokenMs } of this.waiting.values()) {
      if (wokenMs !== undefined && wokenMs + turnMs > now) deadlines.push(wokenMs + turnMs);
    }
    return Math.ceil(Math.min(...deadlines) - now);
  }

  /** Those who wait, without those who were called and have not come: they keep their place but hold up nobody. */
  private inOrder(now: number): readonly string[] {
    const present = [...this.waiting].filter(([, { wokenMs = now }]) => now - wokenMs < turnMs);
    return present.map(([uid]) => uid);
  }

  private wakeNext(now: number): void {
    for (const uid of this.inOrder(now).slice(0, Math.max(0, this.free()))) {
      const waiting = this.waiting.get(uid);
      if (!waiting || waiting.wokenMs !== undefined) continue;
      this.waiting.set(uid, { ...waiting, wokenMs: now });
      this.options.wake(waiting.key);
    }
  }

  private expire(now: number): void {
    for (const [uid, since] of this.starting) {
      if (now - since < startBudgetMs) continue;
      this.starting.delete(uid);
      this.stalled.add(uid);
    }
    for (const [uid, { askedMs }] of this.waiting) {
      if (now - askedMs >= silenceMs) this.waiting.delete(uid);
    }
  }
}

/** By the cores of the nodes on which pods may start now. */
export function startCapacity(nodes: readonly Node[]): number {
  const cores = nodes
    .filter(isUsable)
    .reduce((sum, { status }) => sum + (parseQuantity(status?.allocatable?.['cpu'] ?? '') ?? 0), 0);
  return Math.max(minimumStarts, Math.floor(cores * startsPerCore));
}

const minimumStarts = 2;
/** A start keeps a core busy most of the time: half a start more a core made a crowd a quarter slower (docs/decisions/0009). */
const startsPerCore = 1;

function isUsable({ spec, status }: Node): boolean {
  const isLost = status?.conditions?.some((each) => each.type === 'Ready' && each.status !== 'True') ?? false;
  return !isLost && !spec?.unschedulable;
}
