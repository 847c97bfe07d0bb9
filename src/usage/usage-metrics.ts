import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Subject } from './changes.ts';
import type { Sample, Source } from './sample.ts';

const tenantLabels = ['namespace', 'name', 'class'] as const;
type TenantLabel = (typeof tenantLabels)[number];
type Labels = Record<TenantLabel, string>;

/**
 * What this process has counted since it leads, one series for each control plane: the sum over replicas has no interval twice. Series go with
 * their control plane, and all of them with the lead.
 */
export class UsageMetrics {
  private readonly running: Counter<TenantLabel | 'state'>;
  private readonly cpu: Counter<TenantLabel>;
  private readonly memory: Counter<TenantLabel>;
  private readonly requests: Counter<TenantLabel>;
  private readonly storage: Gauge<TenantLabel>;
  private readonly known: Gauge<'source'>;
  private readonly pending: Gauge;
  private readonly overtakings: Counter;
  private readonly sampleSeconds: Histogram;
  private readonly scrapeSeconds: Histogram;
  private readonly scrapeBytes: Counter;
  /** By UID. */
  private readonly series = new Map<string, Map<string, Labels>>();

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string) =>
      new Counter<TenantLabel>({ name, help, labelNames: [...tenantLabels], registers });
    this.running = new Counter({
      name: 'marina_tenant_control_plane_seconds_total',
      help: 'Seconds that a control plane was there, by whether it was to run or was stopped',
      labelNames: [...tenantLabels, 'state'],
      registers,
    });
    this.cpu = counter('marina_tenant_cpu_seconds_total', 'Seconds of one core that a control plane used');
    this.memory = counter(
      'marina_tenant_memory_byte_seconds_total',
      'Working set of a control plane over time',
    );
    this.requests = counter(
      'marina_tenant_api_requests_total',
      'Requests that the API servers of a tenant answered',
    );
    this.storage = new Gauge({
      name: 'marina_tenant_storage_bytes',
      help: 'What a tenant takes of its DataStore, where that is measured',
      labelNames: [...tenantLabels],
      registers,
    });
    this.known = new Gauge({
      name: 'marina_usage_source_up',
      help: 'Whether a source of usage answered when it was last asked (0 or 1)',
      labelNames: ['source'],
      registers,
    });
    this.pending = new Gauge({
      name: 'marina_usage_pending_samples',
      help: 'Samples that are not in the management database yet',
      registers,
    });
    this.overtakings = new Counter({
      name: 'marina_usage_overtaken_total',
      help: 'Samples that were not written since somebody else had counted meanwhile',
      registers,
    });
    this.sampleSeconds = new Histogram({
      name: 'marina_usage_sample_duration_seconds',
      help: 'Time to sample all control planes, and to write that down',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
      registers,
    });
    this.scrapeSeconds = new Histogram({
      name: 'marina_usage_scrape_duration_seconds',
      help: 'Time to read the metrics of one API server',
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10],
      registers,
    });
    this.scrapeBytes = new Counter({
      name: 'marina_usage_scrape_bytes_total',
      help: 'Bytes of metrics read from API servers',
      registers,
    });
  }

  count({ uid, namespace, name }: Subject, { className, amounts }: Sample): void {
    const labels = { namespace, name, class: className };
    const ofTenant = this.series.get(uid) ?? new Map<string, Labels>();
    this.series.set(uid, ofTenant.set(className, labels));
    const { runningMs = 0, stoppedMs = 0, cpuSeconds = 0, memoryByteSeconds = 0, requests = 0 } = amounts;
    if (runningMs > 0) this.running.inc({ ...labels, state: 'running' }, runningMs / 1000);
    if (stoppedMs > 0) this.running.inc({ ...labels, state: 'stopped' }, stoppedMs / 1000);
    if (cpuSeconds > 0) this.cpu.inc(labels, cpuSeconds);
    if (memoryByteSeconds > 0) this.memory.inc(labels, memoryByteSeconds);
    if (requests > 0) this.requests.inc(labels, requests);
    if (amounts.storageBytes !== undefined) this.storage.set(labels, amounts.storageBytes);
  }

  forget(uid: string): void {
    for (const labels of this.series.get(uid)?.values() ?? []) {
      for (const state of ['running', 'stopped']) this.running.remove({ ...labels, state });
      for (const metric of [this.cpu, this.memory, this.requests, this.storage]) metric.remove(labels);
    }
    this.series.delete(uid);
  }

  /** The lead is over: who follows counts on. */
  clear(): void {
    for (const uid of this.series.keys()) this.forget(uid);
    this.known.reset();
    this.pending.set(0);
  }

  sourceAnswered(source: Source, isUp: boolean): void {
    this.known.set({ source }, isUp ? 1 : 0);
  }

  overtaken(): void {
    this.overtakings.inc();
  }

  sampled(ms: number, pendingSamples: number): void {
    this.sampleSeconds.observe(ms / 1000);
    this.pending.set(pendingSamples);
  }

  readonly scraped = ({ ms, bytes }: { readonly ms: number; readonly bytes: number }): void => {
    this.scrapeSeconds.observe(ms / 1000);
    this.scrapeBytes.inc(bytes);
  };
}
