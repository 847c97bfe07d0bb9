import type { Clock } from '../engine/clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { FencedKubeClient } from '../kube/fenced-client.ts';
import type { ClientSettings } from '../kube/http-transport.ts';
import { connect } from '../kube/kubeconfig.ts';
import { contentHash } from './content-hash.ts';

/** How to reach one tenant's API server as Marina. PEM. */
export interface TenantTarget {
  /** e.g. `https://10.96.12.7:6443`. */
  readonly server: string;
  /** The name to verify in the server's certificate. */
  readonly servername?: string;
  readonly certificateAuthority: string;
  readonly certificate?: string;
  readonly privateKey?: string;
}

interface Pooled {
  readonly client: Promise<KubeClient>;
  lastUsedMs: number;
}

const idleMs = 60_000;

type Settings = Pick<ClientSettings, 'onRequest' | 'maxAnswerBytes'>;

/** What is inside a tenant cluster is the tenant’s to fill: no answer may fill Marina’s memory. */
const defaultMaxAnswerBytes = 16 * 1024 * 1024;

/** Clients of tenants' API servers, made on demand and dropped when idle, so that an idle tenant costs no memory. */
export class TenantClients {
  private readonly pooled = new Map<string, Pooled>();
  private readonly clock: Clock;
  private readonly guard: { assertHeld(): void };
  private readonly wrap: (client: KubeClient) => KubeClient;
  private readonly settings: Settings;
  private cancelSweep: (() => void) | undefined;

  /** `guard`: the leader’s; every write into a tenant passes it. `wrap`: around each client. `settings`: of each, `maxAnswerBytes` 16 MiB if left out. */
  constructor(
    clock: Clock,
    guard: { assertHeld(): void },
    wrap: (client: KubeClient) => KubeClient = (client) => client,
    settings: Settings = {},
  ) {
    this.clock = clock;
    this.guard = guard;
    this.wrap = wrap;
    this.settings = settings;
  }

  async client(target: TenantTarget): Promise<KubeClient> {
    const key = contentHash(target);
    const present = this.pooled.get(key);
    if (present) {
      present.lastUsedMs = this.clock.monotonicMs();
      return present.client;
    }
    const client = this.connect(target);
    this.pooled.set(key, { client, lastUsedMs: this.clock.monotonicMs() });
    this.scheduleSweep();
    // One that cannot be made must not be found, swept or closed.
    client.catch(() => this.pooled.delete(key));
    return client;
  }

  private async connect(target: TenantTarget): Promise<KubeClient> {
    const client = await connect({
      server: target.server,
      servername: target.servername,
      ca: target.certificateAuthority,
      cert: target.certificate,
      key: target.privateKey,
      keepAliveTimeoutMs: idleMs,
      maxConnections: 8,
      maxAnswerBytes: defaultMaxAnswerBytes,
      ...this.settings,
    });
    return this.wrap(new FencedKubeClient(client, this.guard));
  }

  async close(): Promise<void> {
    this.cancelSweep?.();
    const all = [...this.pooled.values()];
    this.pooled.clear();
    await Promise.all(all.map(async ({ client }) => (await client).close()));
  }

  private scheduleSweep(): void {
    this.cancelSweep ??= this.clock.after(idleMs, () => {
      this.cancelSweep = undefined;
      for (const [key, { client, lastUsedMs }] of this.pooled) {
        if (this.clock.monotonicMs() - lastUsedMs < idleMs) continue;
        this.pooled.delete(key);
        void client.then((each) => each.close()).catch(() => undefined);
      }
      if (this.pooled.size > 0) this.scheduleSweep();
    });
  }
}
