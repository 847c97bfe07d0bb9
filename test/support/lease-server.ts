import type { Clock } from '../../src/engine/clock.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { KubeError, type KubeErrorCode } from '../../src/kube/errors.ts';
import type { Lease, LeaseSpec } from '../../src/kube/resources.ts';
import type { ManualClock } from './manual-clock.ts';

/**
 * One Lease, kept as an API server keeps it: a version with each write, and Conflict for whoever has an older one. It
 * lives on a manual clock, so that minutes of elections take milliseconds; the same elections run against a real API
 * server in test/integration/leader-election.test.ts.
 */
export class LeaseServer {
  /** Requests get lost on the way there, or their answers on the way back. */
  outage: 'before' | 'after' | undefined;
  /** Milliseconds that each request takes on its way there. */
  latencyMs = 5;
  /** Milliseconds that each answer takes on its way back. */
  answerMs = 0;
  private readonly clock: ManualClock;
  private lease: Lease | undefined;
  private version = 1;

  constructor(clock: ManualClock) {
    this.clock = clock;
  }

  get spec(): LeaseSpec | undefined {
    return this.lease?.spec;
  }

  remove(): void {
    this.lease = undefined;
  }

  clientOf(identity: string): KubeClient {
    const client = {
      get: () => this.request(`get by ${identity}`, () => this.lease),
      create: (_: unknown, object: Lease) =>
        this.request(`create by ${identity}`, () => {
          if (this.lease) throw error('AlreadyExists', identity);
          return this.store(object.spec);
        }),
      patch: (_: unknown, __: unknown, patch: { body: Lease }) =>
        this.request(`patch by ${identity}`, () => {
          if (!this.lease) throw error('NotFound', identity);
          if (patch.body.metadata?.resourceVersion !== String(this.version))
            throw error('Conflict', identity);
          return this.store({ ...this.lease.spec, ...patch.body.spec });
        }),
    };
    return client as unknown as KubeClient;
  }

  private store(spec: LeaseSpec | undefined): Lease {
    this.version += 1;
    this.lease = { metadata: { resourceVersion: String(this.version) }, spec };
    return this.lease;
  }

  private pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  private async request<T>(operation: string, effect: () => T): Promise<T> {
    await this.pass(this.latencyMs);
    if (this.outage === 'before') throw error('Timeout', operation);
    const result = effect();
    if (this.answerMs > 0) await this.pass(this.answerMs);
    if (this.outage === 'after') throw error('Timeout', operation);
    return result;
  }
}

/** The clock of a process that can be stopped (SIGSTOP) and continued: time goes on, its timers do not until then. */
export class ProcessClock implements Clock {
  private readonly world: ManualClock;
  private isFrozen = false;
  private missed: (() => void)[] = [];

  constructor(world: ManualClock) {
    this.world = world;
  }

  now(): Date {
    return this.world.now();
  }

  monotonicMs(): number {
    return this.world.monotonicMs();
  }

  after(ms: number, callback: () => void): () => void {
    let isCancelled = false;
    const fire = () => {
      if (isCancelled) return;
      if (this.isFrozen) this.missed.push(fire);
      else callback();
    };
    const cancel = this.world.after(ms, fire);
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  freezeProcess(): void {
    this.isFrozen = true;
  }

  thawProcess(): void {
    this.isFrozen = false;
    for (const fire of this.missed.splice(0)) fire();
  }
}

function error(code: KubeErrorCode, operation: string): KubeError {
  return new KubeError({ code, operation, message: 'made to fail' });
}
