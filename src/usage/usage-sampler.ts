import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { storeOf } from '../controlplane/datastore-access/store-of.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import type { TenantClients } from '../controlplane/tenant-clients.ts';
import { type ControlPlaneCaches, podsByRuntimeId } from '../controlplane/view.ts';
import { pause } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient } from '../kube/client.ts';
import type { UsageStore } from './changes.ts';
import { Departures } from './departures.ts';
import { meterExistence } from './existence.ts';
import { capacity, Ledger } from './ledger.ts';
import { meterResources, meterStorage, type PodReading } from './levels.ts';
import { listPodUsage, podReadings } from './pod-metrics.ts';
import { RequestScraper } from './request-scraper.ts';
import { meterRequests, type RequestReading } from './requests.ts';
import { offerOf, storageOf, toExistence, toSubject } from './subjects.ts';
import type { UsageMetrics } from './usage-metrics.ts';

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
/** Milliseconds after which a control plane that is in no cache, and was not seen to go, counts as deleted. */
const lostMs = 600_000;
/** Milliseconds from one rolling up to the next, and steps of each. */
const rollUp = { everyMs: 300_000, steps: 48 };
/** Turns of requests in an interval: so many groups of tenants are asked one after another. */
const turns = 60;

type Usage = ReadonlyMap<string, NonNullable<PodReading['usage']>>;

/** What control planes use, as the leader sees it. How nothing is counted twice or lost: docs/decisions/0019-usage-by-intervals.md */
export class UsageSampler {
  readonly name = 'usage';
  private readonly options: UsageSamplerOptions;
  private readonly departures: Departures;
  /** By UID, read and not entered yet. */
  private readonly readings = new Map<string, readonly RequestReading[]>();
  /** By UID: since when it is in no cache, monotonic. */
  private readonly lost = new Map<string, number>();
  private ledger: Ledger | undefined;
  private rolledUpMs = -Infinity;
  private isMeasured = true;

  constructor(options: UsageSamplerOptions) {
    this.options = options;
    this.departures = new Departures(options.caches.tenants, options.clock);
  }

  /** Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { metrics } = this.options;
    await Promise.all([this.sampleUntil(signal), this.scrapeUntil(signal)]);
    // Whoever leads next goes on from what is written; so does this one when it leads again.
    this.ledger = undefined;
    this.readings.clear();
    this.lost.clear();
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
        log.warn({ err: error, pending: this.ledger?.size ?? 0 }, 'usage was not written');
      }
      const tookMs = clock.monotonicMs() - startedMs;
      this.options.metrics.sampled(tookMs, this.ledger?.size ?? 0);
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

  /** Rejects when the store cannot be reached; what it did not take it is given with the next sample. */
  private async sample(signal: AbortSignal): Promise<void> {
    const { store, log } = this.options;
    this.ledger ??= new Ledger(await store.load());
    const usage = await this.podUsage(signal);
    if (signal.aborted) return;
    for (const tenant of [...this.options.caches.tenants.list(), ...this.departures.list()]) {
      this.enter(this.ledger, tenant, usage);
    }
    this.closeLost(this.ledger);
    this.readings.clear();
    if (this.ledger.size > capacity) {
      log.error({ samples: this.ledger.size }, 'usage was dropped: its database was away for too long');
      this.ledger = undefined;
      return;
    }
    await this.commit(this.ledger);
  }

  private async commit(ledger: Ledger): Promise<void> {
    const { store, metrics, log } = this.options;
    const changes = ledger.changes();
    if (changes.subjects.length === 0 && changes.moves.length === 0) return;
    const outcome = await store.commit(changes);
    if (outcome === 'Overtaken') {
      // Two lead, or the end of a transaction was not heard of: what is written counts.
      log.info({}, 'usage was counted by somebody else; it goes on from there');
      this.ledger = undefined;
      return;
    }
    ledger.settled();
    for (const sample of changes.samples) {
      const subject = ledger.subject(sample.uid);
      if (subject) metrics.count(subject, sample);
    }
    for (const { uid, deletedMs } of changes.subjects) if (deletedMs !== undefined) metrics.forget(uid);
  }

  private enter(ledger: Ledger, tenant: TenantControlPlane, usage: Usage | undefined): void {
    const subject = toSubject(tenant);
    if (!subject) return;
    const { uid, acceptedMs } = subject;
    if (ledger.subject(uid)?.deletedMs !== undefined) return;
    const { caches, clock, everyMs } = this.options;
    const nowMs = clock.now().getTime();
    const offer = offerOf(tenant);
    const cursors = ledger.cursors(uid);
    ledger.register(subject);
    const existence = toExistence(tenant, subject);
    ledger.enter(uid, 'existence', offer, meterExistence(cursors.existence, existence, nowMs));
    if (subject.deletedMs !== undefined) return;

    const moment = { nowMs, reachMs: everyMs * reach, acceptedMs };
    const pods = caches.pods.byIndex(podsByRuntimeId, tenant.status?.runtimeId ?? '');
    if (usage && !(existence.isStopped && pods.length === 0)) {
      ledger.enter(
        uid,
        'resources',
        offer,
        meterResources(cursors.resources, podReadings(pods, usage), moment),
      );
    }
    const bytes = storageOf(tenant, caches.dataStores.get({ name: storeOf(tenant) ?? '' }));
    ledger.enter(uid, 'storage', offer, meterStorage(cursors.storage, bytes, moment));
    const readings = this.readings.get(uid) ?? [];
    const readMs = Math.max(...readings.map(({ atMs }) => atMs));
    const requests = meterRequests(cursors.requests, readings, { acceptedMs, nowMs: readMs });
    ledger.enter(uid, 'requests', offer, requests);
  }

  /** Gone while nobody looked: its hours end with the last that was counted. */
  private closeLost(ledger: Ledger): void {
    const { caches, clock } = this.options;
    const present = new Set(caches.tenants.list().map(({ metadata }) => metadata?.uid));
    for (const { subject, cursors } of ledger.all()) {
      const { uid, acceptedMs, deletedMs } = subject;
      if (present.has(uid) || deletedMs !== undefined) {
        this.lost.delete(uid);
        continue;
      }
      const sinceMs = this.lost.get(uid) ?? clock.monotonicMs();
      this.lost.set(uid, sinceMs);
      if (clock.monotonicMs() - sinceMs < lostMs) continue;
      ledger.register({ ...subject, deletedMs: cursors.existence?.untilMs ?? acceptedMs });
    }
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
