import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { storeOf } from '../controlplane/datastore-access/store-of.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import type { TenantClients } from '../controlplane/tenant-clients.ts';
import { type ControlPlaneCaches, podsByRuntimeId } from '../controlplane/view.ts';
import { pause } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient } from '../kube/client.ts';
import { Absences } from './absences.ts';
import { believedClock } from './believed-clock.ts';
import type { UsageStore } from './changes.ts';
import { Departures } from './departures.ts';
import { capacity, Ledger } from './ledger.ts';
import type { PodReading } from './levels.ts';
import { enterExistence, enterLevels, enterLook, type Look, type LookedAt } from './look.ts';
import { listPodUsage, podReadings } from './pod-metrics.ts';
import { RequestScraper } from './request-scraper.ts';
import type { RequestReading } from './requests.ts';
import { storageOf, toExistence, toSubject } from './subjects.ts';
import type { UsageMetrics } from './usage-metrics.ts';
import { batch, UsageWriter, type WriteOutcome } from './usage-writer.ts';

export interface UsageSamplerOptions {
  /** The management cluster; only read. */
  readonly client: Pick<KubeClient, 'list'>;
  readonly caches: ControlPlaneCaches;
  readonly tenantClients: Pick<TenantClients, 'client'>;
  readonly settings: ControlPlaneSettings;
  readonly store: UsageStore;
  /** One step of adding samples to hours and days: true when there may be another. */
  readonly rollUp?: (now: Date) => Promise<boolean>;
  readonly metrics: UsageMetrics;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one sample to the next. */
  readonly everyMs: number;
  /** Milliseconds from one reading of a tenant's request counters to the next. */
  readonly requestsEveryMs: number;
}

/** How far beyond the last sample one speaks, in intervals: a late one still joins on, and what lies further back is not known. */
const reach = 1.5;
/** Milliseconds from one rolling up to the next, and steps of each. */
const rollUp = { everyMs: 300_000, steps: 48 };
/** Turns of requests in an interval: so many groups of tenants are asked one after another. */
const turns = 60;

type Usage = ReadonlyMap<string, NonNullable<PodReading['usage']>>;

/** What all are looked at with. */
interface Round {
  readonly tenants: readonly TenantControlPlane[];
  readonly usage: Usage | undefined;
  readonly at: LookedAt;
}

/** What control planes use, as the leader sees it. How nothing is counted twice or lost: docs/decisions/0019-usage-by-intervals.md */
export class UsageSampler {
  readonly name = 'usage';
  private readonly options: UsageSamplerOptions;
  private readonly departures: Departures;
  private readonly absences: Absences;
  private readonly writer: UsageWriter;
  /** By UID, read and not entered yet. */
  private readings = new Map<string, readonly RequestReading[]>();
  private ledger: Ledger | undefined;
  /** Of which the levels go to the next ledger: what is counted elsewhere could not be read yet. */
  private provisional: Ledger | undefined;
  private rolledUpMs = -Infinity;
  private isMeasured = true;

  constructor(options: UsageSamplerOptions) {
    const clock = believedClock(options.clock);
    this.options = { ...options, clock };
    this.departures = new Departures(options.caches.tenants, clock);
    this.absences = new Absences(clock);
    this.writer = new UsageWriter(options);
  }

  /** Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics } = this.options;
    await Promise.all([this.sampleUntil(signal), this.scrapeUntil(signal)]);
    // Whoever leads next goes on from what is written; so does this one when it leads again.
    this.ledger = undefined;
    this.provisional = undefined;
    this.readings.clear();
    this.absences.clear();
    metrics.clear();
  }

  private async sampleUntil(signal: AbortSignal): Promise<void> {
    const { clock, log, everyMs } = this.options;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      try {
        await this.sample(signal);
        await this.rollUp();
      } catch (error: unknown) {
        log.warn({ err: error, pending: this.pending() }, 'the database of usage does not answer');
      }
      const tookMs = clock.monotonicMs() - startedMs;
      this.options.metrics.sampled(tookMs, this.pending());
      await pause(clock, Math.max(0, everyMs - tookMs), signal);
    }
  }

  private async scrapeUntil(signal: AbortSignal): Promise<void> {
    const { caches, clock, log, requestsEveryMs: everyMs, metrics } = this.options;
    const scraper = new RequestScraper({ ...this.options, everyMs, onScrape: metrics.scraped });
    while (!signal.aborted) {
      try {
        const due = scraper.due(caches.tenants.list());
        await scraper.scrape(due, (uid, readings) => this.readings.set(uid, readings), signal);
      } catch (error: unknown) {
        log.error({ err: error }, 'request counters were not read');
      }
      await pause(clock, everyMs / turns, signal);
    }
  }

  private pending(): number {
    return (this.ledger ?? this.provisional)?.size ?? 0;
  }

  /** Rejects when the store does not say what is counted; what it does not take it is given with the next sample. */
  private async sample(signal: AbortSignal): Promise<void> {
    const { caches, clock, everyMs } = this.options;
    const usage = await this.podUsage(signal);
    if (signal.aborted) return;
    const at = { nowMs: clock.now().getTime(), reachMs: everyMs * reach };
    const round = { tenants: caches.tenants.list(), usage, at };
    try {
      this.ledger ??= await this.read(round.tenants);
    } catch (error: unknown) {
      this.keepLevels(round);
      throw error;
    }
    const { ledger } = this;
    const outcome = await this.enter(ledger, round, signal);
    if (outcome === 'Stopped') return;
    if (outcome === 'Overtaken') {
      this.provisional = ledger;
      this.ledger = undefined;
    }
    if (ledger.size > capacity) this.drop(ledger);
  }

  private async enter(
    ledger: Ledger,
    { tenants, usage, at }: Round,
    signal: AbortSignal,
  ): Promise<WriteOutcome> {
    const { readings } = this;
    this.readings = new Map();
    const seen = new Set<string>();
    let outcome: WriteOutcome = 'Written';
    for (const tenant of tenants) {
      const look = this.look(tenant, usage);
      if (!look) continue;
      const { uid } = look.subject;
      seen.add(uid);
      enterLook(ledger, look, readings.get(uid) ?? [], at);
      if (ledger.size >= batch && outcome === 'Written') outcome = await this.writer.write(ledger, signal);
      if (ledger.size > capacity) return outcome;
    }
    for (const departed of this.departures.list()) {
      seen.add(departed.subject.uid);
      enterExistence(ledger, departed, at);
    }
    this.absences.settle(ledger, seen);
    return outcome === 'Written' ? await this.writer.write(ledger, signal) : outcome;
  }

  /** While nobody says what is counted. */
  private keepLevels({ tenants, usage, at }: Round): void {
    this.provisional ??= new Ledger();
    for (const tenant of tenants) {
      const look = this.look(tenant, usage);
      if (look) enterLevels(this.provisional, look, at);
    }
    if (this.provisional.size > capacity) this.drop(this.provisional);
  }

  /** With the levels that wait for it. */
  private async read(tenants: readonly TenantControlPlane[]): Promise<Ledger> {
    const present = tenants.flatMap(({ metadata }) => metadata?.uid ?? []);
    const departed = this.departures.list().map(({ subject }) => subject.uid);
    const ledger = new Ledger(await this.options.store.load([...present, ...departed]));
    if (this.provisional) ledger.adopt(this.provisional);
    this.provisional = undefined;
    return ledger;
  }

  private drop({ size: samples }: Ledger): void {
    this.options.log.error({ samples }, 'usage was dropped: its database was away for too long');
    this.ledger = undefined;
    this.provisional = undefined;
  }

  private look(tenant: TenantControlPlane, usage: Usage | undefined): Look | undefined {
    const { caches } = this.options;
    const subject = toSubject(tenant);
    if (!subject) return undefined;
    const pods = caches.pods.byIndex(podsByRuntimeId, tenant.status?.runtimeId ?? '');
    const existence = toExistence(tenant, subject, pods);
    return {
      subject,
      existence,
      pods: usage && !existence.isStopped ? podReadings(pods, usage) : undefined,
      storageBytes: storageOf(tenant, caches.dataStores.get({ name: storeOf(tenant) ?? '' })),
    };
  }

  /** Undefined where nobody measures pods. */
  private async podUsage(signal: AbortSignal): Promise<Usage | undefined> {
    const { client, clock, settings, metrics, log } = this.options;
    const wasMeasured = this.isMeasured;
    try {
      const usage = await listPodUsage(client, settings.namespace, { now: clock.now(), signal });
      this.isMeasured = true;
      return usage;
    } catch (error: unknown) {
      if (signal.aborted) return undefined;
      this.isMeasured = false;
      if (wasMeasured)
        log.warn({ err: error }, 'CPU and memory of pods are not known: metrics.k8s.io does not answer');
      return undefined;
    } finally {
      metrics.sourceAnswered('resources', this.isMeasured);
    }
  }

  private async rollUp(): Promise<void> {
    const { clock, rollUp: step } = this.options;
    if (!step || clock.monotonicMs() - this.rolledUpMs < rollUp.everyMs) return;
    for (let steps = 0; steps < rollUp.steps; steps += 1) {
      if (await step(clock.now())) continue;
      this.rolledUpMs = clock.monotonicMs();
      return;
    }
  }
}
