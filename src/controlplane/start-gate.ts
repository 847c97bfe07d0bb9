import type { Clock } from '../engine/clock.ts';

export interface StartGateOptions {
  /** How many control planes may be starting at once, now. */
  readonly capacity: () => number;
  /** Brings back the tenant of this key, whose turn it is. */
  readonly wake: (key: string) => void;
  readonly clock: Clock;
}

export type Admission = { readonly admitted: true } | { readonly admitted: false; readonly ahead: number };

/** Milliseconds after which one that waits asks again; who does not has other troubles, and loses its place. */
export const startRetryMs = 30_000;

/** Milliseconds after which a start that came to nothing no longer keeps others waiting. */
const startBudgetMs = 120_000;

/**
 * Lets control planes be born at the pace that the machines bear. A kube-apiserver that starts alone is ready after some
 * three seconds of CPU; thirty that start together starve one another and their neighbours, and are ready much later.
 * First come, first served.
 */
export class StartGate {
  private readonly options: StartGateOptions;
  /** When each of those that are starting began, by uid. */
  private readonly starting = new Map<string, number>();
  /** Those that wait, by uid, in the order in which they came. */
  private readonly waiting = new Map<string, { readonly key: string; readonly askedMs: number }>();

  constructor(options: StartGateOptions) {
    this.options = options;
  }

  /** Asks to start. `isUnderWay`: its Deployment exists already, as after a restart of Marina; it is counted, not stopped. */
  enter(uid: string, key: string, isUnderWay: boolean): Admission {
    if (this.starting.has(uid)) return { admitted: true };
    this.dropOverdue();
    if (isUnderWay || this.isNext(uid)) {
      this.waiting.delete(uid);
      this.starting.set(uid, this.options.clock.monotonicMs());
      return { admitted: true };
    }
    // Setting anew keeps the place in the order.
    this.waiting.set(uid, { key, askedMs: this.options.clock.monotonicMs() });
    return { admitted: false, ahead: [...this.waiting.keys()].indexOf(uid) };
  }

  /** It runs, failed, stopped or is gone: the next ones may start. */
  leave(uid: string): void {
    this.starting.delete(uid);
    this.waiting.delete(uid);
    let free = this.free();
    for (const { key } of this.waiting.values()) {
      if (free <= 0) return;
      free -= 1;
      this.options.wake(key);
    }
  }

  private isNext(uid: string): boolean {
    const place = [...this.waiting.keys()].indexOf(uid);
    return (place < 0 ? this.waiting.size : place) < this.free();
  }

  private free(): number {
    return Math.max(1, this.options.capacity()) - this.starting.size;
  }

  private dropOverdue(): void {
    const now = this.options.clock.monotonicMs();
    for (const [uid, since] of this.starting) {
      if (now - since > startBudgetMs) this.starting.delete(uid);
    }
    for (const [uid, { askedMs }] of this.waiting) {
      if (now - askedMs > 2 * startRetryMs) this.waiting.delete(uid);
    }
  }
}

/** Cores of the management cluster, as Kubernetes quantities (`2`, `1900m`). */
export function startCapacity(allocatableCpus: readonly string[]): number {
  const cores = allocatableCpus.reduce((sum, quantity) => sum + parseCores(quantity), 0);
  return Math.max(minimumStarts, Math.floor(cores * startsPerCore));
}

const minimumStarts = 2;
/** A start keeps one core busy most of the time; some overlap fills the gaps (docs/development/benchmarks.md). */
const startsPerCore = 1.5;

function parseCores(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}
