import type { DataStoreConnections } from '../datastore/connections.ts';
import type { Clock } from '../engine/clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { ControlPlaneSettings } from './settings.ts';
import type { StartGate } from './start-gate.ts';
import type { TenantClients } from './tenant-clients.ts';
import type { ControlPlaneCaches } from './view.ts';

/** All that reconciling control planes reaches out to. */
export interface ControlPlaneDependencies {
  /** The management cluster; every write passes the leader's fence. */
  readonly client: KubeClient;
  readonly caches: ControlPlaneCaches;
  readonly connections: DataStoreConnections;
  /** The leader’s fence, asked before every write that does not go through `client`. */
  readonly fence: () => void;
  readonly tenantClients: Pick<TenantClients, 'client'>;
  readonly events: EventRecorder;
  readonly gate: StartGate;
  readonly settings: ControlPlaneSettings;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
  /** In [0, 1). */
  readonly random: () => number;
  /** IP addresses of a DNS name. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}
