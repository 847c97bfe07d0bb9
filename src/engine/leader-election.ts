import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import { leases, type Lease, type LeaseSpec } from '../kube/resources.ts';
import { pause } from './backoff.ts';
import { systemRandom, type Clock } from './clock.ts';
import { LeaderGuard, NotLeaderError } from './leader-guard.ts';
import { evaluateLease, heldSpec, microTime, type ObservedLease } from './lease.ts';
import type { Log } from './log.ts';
import type { EngineMetrics } from './metrics.ts';

export interface LeaderElectionOptions {
  /** Not a fenced one: this is what opens the fence. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Unlike that of any other process, also of an earlier one of the same pod. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  readonly metrics?: EngineMetrics;
  /** What others grant the holder after a renewal; default 8,000 ms, whole seconds. */
  readonly durationMs?: number;
  /** What the holder grants itself, default 6,000 ms. The rest is for writes that are on their way. */
  readonly renewDeadlineMs?: number;
  /** Between renewals, default 2,000 ms. */
  readonly renewMs?: number;
  /** Between looks at somebody else's lease, and after a failure; default 500 ms. */
  readonly retryMs?: number;
}

export type TermEnd = 'released' | 'lost' | 'standby';

/**
 * One leader among replicas by a coordination/v1 Lease. With the defaults a crashed leader is followed within 9 seconds
 * (duration and one retry), one that stops in good order as soon as its work has ended and one retry has passed.
 */
export class LeaderElection {
  readonly guard: LeaderGuard;
  private readonly options: Required<Omit<LeaderElectionOptions, 'metrics'>> &
    Pick<LeaderElectionOptions, 'metrics'>;
  private readonly log: Log;
  private lease: Lease | undefined;
  private observed: ObservedLease | undefined;
  /** Whether `lease` is what the server has, as far as we can know. */
  private isCurrent = false;

  constructor(options: LeaderElectionOptions) {
    const defaults = {
      durationMs: 8_000,
      renewDeadlineMs: 6_000,
      renewMs: 2_000,
      retryMs: 500,
      random: systemRandom,
    };
    this.options = { ...defaults, ...options };
    this.guard = new LeaderGuard(options.clock);
    this.log = options.log.child({
      lease: `${options.namespace}/${options.name}`,
      identity: options.identity,
    });
    options.metrics?.setLeading(options.name, false);
  }

  /**
   * One term: waits for the lease, then runs `lead`, whose signal aborts when `signal` does or the lease is lost. The
   * lease is renewed until `lead` has ended, and then given up. When `lead` rejects, it is left to run out, since nobody
   * knows what is still going on, and the error is passed on.
   */
  async run(signal: AbortSignal, lead: (term: AbortSignal) => Promise<void>): Promise<TermEnd> {
    if (!(await this.acquire(signal))) return 'standby';
    this.log.info({ transitions: this.observed?.spec.leaseTransitions }, 'leading');
    this.options.metrics?.setLeading(this.options.name, true);
    const term = new AbortController();
    const renewing = new AbortController();
    const stop = () => term.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const renewal = this.keep(renewing.signal).then((kept) => {
      if (!kept) term.abort(new NotLeaderError('the lease was lost'));
      return kept;
    });
    try {
      await lead(term.signal);
      renewing.abort();
      if (!(await renewal)) return 'lost';
      await this.release();
      return 'released';
    } finally {
      renewing.abort();
      this.guard.drop();
      signal.removeEventListener('abort', stop);
      this.options.metrics?.setLeading(this.options.name, false);
      this.log.info({}, 'leading no more');
    }
  }

  private async acquire(signal: AbortSignal): Promise<boolean> {
    const { clock, retryMs, renewDeadlineMs, random } = this.options;
    while (!signal.aborted) {
      let waitMs = retryMs * (1 - random() / 4);
      try {
        this.isCurrent = false;
        const decision = await this.attempt(renewDeadlineMs);
        if (decision === 'held') return true;
        waitMs = Math.min(waitMs, decision);
      } catch (error) {
        this.log.warn({ err: error }, 'lease not read or taken');
      }
      await pause(clock, waitMs, signal);
    }
    return false;
  }

  /** Renews until `signal` aborts (true) or the lease is lost (false). Never rejects. */
  private async keep(signal: AbortSignal): Promise<boolean> {
    const { clock, renewMs, retryMs, renewDeadlineMs } = this.options;
    let waitMs = renewMs;
    for (;;) {
      await pause(clock, Math.min(waitMs, this.guard.remainingMs()), signal);
      if (signal.aborted) return true;
      try {
        // Also when our time has run out: if nobody has taken the lease since, it is still ours to renew.
        if ((await this.attempt(renewDeadlineMs / 3)) !== 'held') break;
        waitMs = renewMs;
      } catch (error) {
        this.log.warn({ err: error, remainingMs: this.guard.remainingMs() }, 'lease not renewed');
        if (!this.guard.held) break;
        waitMs = retryMs;
      }
    }
    this.guard.drop();
    this.log.error({}, 'lease lost');
    return false;
  }

  /** Takes or renews the lease if it may; else the milliseconds for which it surely may not. */
  private async attempt(timeoutMs: number): Promise<'held' | number> {
    const { client, clock, namespace, name, identity, durationMs, renewDeadlineMs } = this.options;
    if (!this.isCurrent) this.observe(await client.get(leases, { namespace, name }, { timeoutMs }));
    const decision = evaluateLease(this.observed, identity, clock.monotonicMs());
    if (decision.action === 'wait') return decision.ms;
    const mark = this.guard.mark();
    this.isCurrent = false;
    this.observe(
      await this.write(heldSpec(this.observed?.spec, identity, clock.now(), durationMs), timeoutMs),
    );
    this.guard.extend(mark, renewDeadlineMs);
    return 'held';
  }

  private write(spec: LeaseSpec, timeoutMs: number): Promise<Lease> {
    const { client, namespace, name } = this.options;
    const metadata = { namespace, name, resourceVersion: this.lease?.metadata?.resourceVersion };
    if (!this.lease) return client.create(leases, { metadata, spec }, { timeoutMs });
    // The version makes it fail with Conflict when anybody else has written.
    return client.patch(
      leases,
      { namespace, name },
      { type: 'merge', body: { metadata, spec } },
      { timeoutMs },
    );
  }

  private observe(lease: Lease | undefined): void {
    const isSame = lease?.metadata?.resourceVersion === this.lease?.metadata?.resourceVersion;
    this.lease = lease;
    this.isCurrent = true;
    if (isSame && this.observed) return;
    this.observed = lease?.spec && { spec: lease.spec, sinceMs: this.options.clock.monotonicMs() };
  }

  /** As client-go does it: no holder, and a duration that nobody has to wait for. */
  private async release(): Promise<void> {
    const { client, namespace, name, clock } = this.options;
    this.guard.drop();
    const metadata = { resourceVersion: this.lease?.metadata?.resourceVersion };
    const spec = { holderIdentity: null, leaseDurationSeconds: 1, renewTime: microTime(clock.now()) };
    try {
      await client.patch(
        leases,
        { namespace, name },
        { type: 'merge', body: { metadata, spec } },
        { timeoutMs: 2_000 },
      );
    } catch (error) {
      const why = isKubeError(error) ? error.code : undefined;
      this.log.warn({ err: error, code: why }, 'lease not given up: it runs out by itself');
    }
  }
}
