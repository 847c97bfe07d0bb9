import { hash } from 'node:crypto';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { observeWorkload, type ServingPod } from '../controlplane/deployment/observe.ts';
import { asMarina, directServer } from '../controlplane/in-tenant/target.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import type { TenantClients } from '../controlplane/tenant-clients.ts';
import { type ControlPlaneCaches, gather, type View } from '../controlplane/view.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import { decodeData } from '../kube/secret-data.ts';
import { readRequestFigures } from './exposition.ts';
import type { RequestReading } from './requests.ts';

/** Bytes and milliseconds for the metrics of one API server; a busy one says some 3 MB in a tenth of a second. */
const maxBytes = 16 * 1024 * 1024;
const timeoutMs = 10_000;
/** Tenants asked at once. */
const atOnce = 2;

export interface ScraperOptions {
  readonly caches: ControlPlaneCaches;
  readonly settings: ControlPlaneSettings;
  readonly tenantClients: Pick<TenantClients, 'client'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one reading of a tenant to the next. */
  readonly everyMs: number;
  /** Told of every answer. */
  readonly onScrape?: (scrape: { readonly ms: number; readonly bytes: number }) => void;
}

/** Reads the request counters of every API server in turns that are spread over the interval. */
export class RequestScraper {
  private readonly options: ScraperOptions;
  /** By UID: when it was last asked, monotonic. */
  private readonly asked = new Map<string, number>();

  constructor(options: ScraperOptions) {
    this.options = options;
  }

  /** Those whose turn has come, in the order in which it came. */
  due(tenants: readonly TenantControlPlane[]): readonly TenantControlPlane[] {
    const { clock, everyMs } = this.options;
    const nowMs = clock.monotonicMs();
    const present = new Set(tenants.map(uidOf));
    for (const uid of this.asked.keys()) if (!present.has(uid)) this.asked.delete(uid);
    const waiting = tenants.map((tenant) => {
      const uid = uidOf(tenant);
      const last = this.asked.get(uid) ?? nowMs - everyMs * phaseOf(uid);
      this.asked.set(uid, last);
      return { tenant, last };
    });
    return waiting
      .filter(({ last }) => nowMs - last >= everyMs)
      .sort((a, b) => a.last - b.last)
      .map(({ tenant }) => tenant);
  }

  /** Asks the pods of each of them and tells of those that answered. Never rejects. */
  async scrape(
    tenants: readonly TenantControlPlane[],
    tell: (uid: string, readings: readonly RequestReading[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const queue = [...tenants];
    const work = async () => {
      for (let tenant = queue.shift(); tenant && !signal.aborted; tenant = queue.shift()) {
        const { caches, settings, clock } = this.options;
        const uid = uidOf(tenant);
        this.asked.set(uid, clock.monotonicMs());
        const view = gather(tenant, caches, settings);
        const workload = observeWorkload(view.deployment, view.pods);
        const serving = workload.state === 'Done' ? workload.value.serving : [];
        const readings: RequestReading[] = [];
        for (const pod of serving) {
          const reading = await this.readPod(pod, view, signal);
          if (reading) readings.push(reading);
        }
        if (readings.length > 0) tell(uid, readings);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  private async readPod(
    pod: ServingPod,
    view: View,
    signal: AbortSignal,
  ): Promise<RequestReading | undefined> {
    const { tenantClients, clock, log, onScrape } = this.options;
    const beganMs = clock.monotonicMs();
    try {
      const target = asMarina(directServer(pod), {
        names: view.names,
        certificateAuthority: decodeData(view.roots)['ca.crt'] ?? '',
        certificates: decodeData(view.certificates),
      });
      const client = await tenantClients.client(target);
      const chunks = client.stream('/metrics', { timeoutMs, signal });
      const { requests, startedMs, bytes } = await readRequestFigures(chunks, { maxBytes });
      onScrape?.({ ms: clock.monotonicMs() - beganMs, bytes });
      if (startedMs === undefined) throw new RangeError('no start of the process');
      const [uid = '', restarts = ''] = pod.incarnation.split('/');
      return {
        pod: uid,
        restarts: Number(restarts),
        startedMs,
        value: requests,
        atMs: clock.now().getTime(),
      };
    } catch (error: unknown) {
      if (!signal.aborted)
        log.debug({ err: error, pod: pod.name }, 'requests of an API server are not known');
      return undefined;
    }
  }
}

function uidOf({ metadata }: TenantControlPlane): string {
  return metadata?.uid ?? '';
}

/** Where in the interval its first turn is, in [0, 1): the same for every leader. */
function phaseOf(uid: string): number {
  return parseInt(hash('sha256', uid, 'hex').slice(0, 8), 16) / 2 ** 32;
}
