import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { RequestRecord } from '../kube/http-transport.ts';
import type { InformerMetrics, WatchOutcome } from '../kube/informer.ts';
import type { QueueMetrics, WorkQueue } from './queue.ts';

export type ReconcileOutcome = 'success' | 'requeue_after' | 'error' | 'terminal_error';

const OUTCOMES: readonly ReconcileOutcome[] = ['success', 'requeue_after', 'error', 'terminal_error'];
/** Seconds; controller-runtime's choice, thinned out. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * The engine's metrics under the names that controller-runtime and client-go give theirs, so that dashboards and alerts
 * made for those work: https://book.kubebuilder.io/reference/metrics-reference
 */
export class EngineMetrics implements InformerMetrics {
  private readonly reconciles: Counter<'controller' | 'result'>;
  private readonly errors: Counter<'controller'>;
  private readonly terminalErrors: Counter<'controller'>;
  private readonly reconcileSeconds: Histogram<'controller'>;
  private readonly workers: Gauge<'controller'>;
  private readonly activeWorkers: Gauge<'controller'>;
  private readonly adds: Counter<'name'>;
  private readonly retries: Counter<'name'>;
  private readonly queueSeconds: Histogram<'name'>;
  private readonly workSeconds: Histogram<'name'>;
  private readonly leader: Gauge<'name'>;
  private readonly requests: Counter<'verb' | 'resource' | 'code'>;
  private readonly requestSeconds: Histogram<'verb'>;
  private readonly tenantRequests: Counter<'verb' | 'resource' | 'code'>;
  private readonly lists: Counter<'resource'>;
  private readonly watches: Counter<'resource' | 'outcome'>;
  private readonly objects: Gauge<'resource'>;
  private readonly queues = new Map<string, { readonly queue: WorkQueue; readonly now: () => number }>();

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Counter<L>({ name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Gauge<L>({ name, help, labelNames, registers });
    const histogram = <L extends string>(name: string, help: string, labelNames: L[]) =>
      new Histogram<L>({ name, help, labelNames, registers, buckets: BUCKETS });

    this.reconciles = counter('controller_runtime_reconcile_total', 'Reconciles by result', [
      'controller',
      'result',
    ]);
    this.errors = counter('controller_runtime_reconcile_errors_total', 'Failed reconciles', ['controller']);
    this.terminalErrors = counter(
      'controller_runtime_terminal_reconcile_errors_total',
      'Reconciles that failed for good',
      ['controller'],
    );
    this.reconcileSeconds = histogram('controller_runtime_reconcile_time_seconds', 'Time of a reconcile', [
      'controller',
    ]);
    this.workers = gauge('controller_runtime_max_concurrent_reconciles', 'Workers', ['controller']);
    this.activeWorkers = gauge('controller_runtime_active_workers', 'Workers at work', ['controller']);
    this.adds = counter('workqueue_adds_total', 'Keys that became ready', ['name']);
    this.retries = counter('workqueue_retries_total', 'Keys put off after a failure', ['name']);
    this.queueSeconds = histogram('workqueue_queue_duration_seconds', 'Time from ready to taken', ['name']);
    this.workSeconds = histogram('workqueue_work_duration_seconds', 'Time of work on a key', ['name']);
    this.leader = gauge('leader_election_master_status', '1 while this process leads', ['name']);
    this.requests = counter('rest_client_requests_total', 'Requests to API servers', [
      'verb',
      'resource',
      'code',
    ]);
    this.tenantRequests = counter('marina_tenant_requests_total', "Requests to tenants' API servers", [
      'verb',
      'resource',
      'code',
    ]);
    this.requestSeconds = histogram('rest_client_request_duration_seconds', 'Time of a request', ['verb']);
    this.lists = counter('informer_lists_total', 'Lists into a cache', ['resource']);
    this.watches = counter('informer_watches_total', 'Watches that ended', ['resource', 'outcome']);
    this.objects = gauge('informer_listed_objects', 'Objects in a cache at its last list', ['resource']);
    this.readQueues(registers);
  }

  /** For a controller of this name; makes its series appear at once, at zero. */
  controller(name: string, workers: number): ControllerMetrics {
    this.workers.set({ controller: name }, workers);
    for (const result of OUTCOMES) this.reconciles.inc({ controller: name, result }, 0);
    return {
      started: () => this.activeWorkers.inc({ controller: name }),
      ended: (outcome, ms) => {
        this.activeWorkers.dec({ controller: name });
        this.reconciles.inc({ controller: name, result: outcome });
        this.reconcileSeconds.observe({ controller: name }, ms / 1000);
        if (outcome === 'error' || outcome === 'terminal_error') this.errors.inc({ controller: name });
        if (outcome === 'terminal_error') this.terminalErrors.inc({ controller: name });
      },
      observe: (queue, now) => this.queues.set(name, { queue, now }),
      queue: {
        added: () => this.adds.inc({ name }),
        retried: () => this.retries.inc({ name }),
        taken: (ms) => this.queueSeconds.observe({ name }, ms / 1000),
        finished: (ms) => this.workSeconds.observe({ name }, ms / 1000),
      },
    };
  }

  setLeading(name: string, leading: boolean): void {
    this.leader.set({ name }, leading ? 1 : 0);
  }

  /** Fits `onRequest` of a client. A probe's path is not a label: there is no end of them. */
  readonly onRequest = (request: RequestRecord): void => {
    this.requests.inc(requestLabels(request));
    this.requestSeconds.observe({ verb: request.verb }, request.ms / 1000);
  };

  /** The same for clients of tenants' API servers, of all tenants together. */
  readonly onTenantRequest = (request: RequestRecord): void => {
    this.tenantRequests.inc(requestLabels(request));
  };

  listed(resource: string, objects: number): void {
    this.lists.inc({ resource });
    this.objects.set({ resource }, objects);
  }

  watchEnded(resource: string, outcome: WatchOutcome): void {
    this.watches.inc({ resource, outcome });
  }

  private readQueues(registers: Registry[]): void {
    const read = (name: string, help: string, value: (queue: WorkQueue, now: number) => number) => {
      const queues = this.queues;
      const collect = function (this: Gauge<'name'>) {
        for (const [controller, { queue, now }] of queues)
          this.set({ name: controller }, value(queue, now()));
      };
      new Gauge({ name, help, labelNames: ['name'], registers, collect });
    };
    read('workqueue_depth', 'Keys that are ready', (queue) => queue.counts.ready);
    read('workqueue_delayed', 'Keys that wait for their time', (queue) => queue.counts.delayed);
    read('workqueue_unfinished_work_seconds', 'Time spent so far on keys in work', (queue, now) =>
      queue.workingSince.reduce((sum, since) => sum + (now - since) / 1000, 0),
    );
    read(
      'workqueue_longest_running_processor_seconds',
      'Time spent so far on the slowest key',
      (queue, now) => Math.max(0, ...queue.workingSince.map((since) => (now - since) / 1000)),
    );
  }
}

function requestLabels({ verb, resource, status }: RequestRecord) {
  return {
    verb,
    resource: verb === 'probe' ? '' : resource,
    code: status === 0 ? '<error>' : String(status),
  };
}

export interface ControllerMetrics {
  started(): void;
  ended(outcome: ReconcileOutcome, ms: number): void;
  /** From now on the gauges read this queue; `now` in monotonic milliseconds. */
  observe(queue: WorkQueue, now: () => number): void;
  readonly queue: QueueMetrics;
}
