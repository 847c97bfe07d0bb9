import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import type { TenantTarget } from '../../src/controlplane/tenant-clients.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { Service } from '../../src/kube/resources.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { ApiServer } from './api-server.ts';
import type { SimulatedStore } from './store.ts';
import type { RunningPod, Workloads } from './workloads.ts';

export const tenantsNamespace = 'marina-tenants';
export const nodeAddress = '192.0.2.10';

export interface TenantClustersOptions {
  readonly management: ApiServer;
  readonly store: SimulatedStore;
  readonly workloads: Workloads;
  readonly now: () => Date;
  readonly nowMs: () => number;
  readonly uid: () => string;
  readonly isStoreDown: () => boolean;
}

/** The clusters of tenants: their objects are in their partition, and a pod that serves leads to them. */
export class TenantClusters {
  private readonly options: TenantClustersOptions;

  constructor(options: TenantClustersOptions) {
    this.options = options;
  }

  /** Whether an API server of this tenant can run: it has its files, and its store knows it. */
  canServe(id: string): boolean {
    const { management, store, isStoreDown } = this.options;
    if (isStoreDown() || !store.serves(id)) return false;
    return ['roots', 'certificates', 'datastore'].every((name) =>
      management.peek('secrets', `${tenantsNamespace}/${id}-${name}`),
    );
  }

  /** An API server that starts makes its first objects. */
  open(id: string): ApiServer {
    const { store, now, uid } = this.options;
    const present = store.data.get(id);
    if (present) return present;
    const made = new ApiServer({ now, uid });
    store.data.set(id, made);
    return made;
  }

  /** The objects behind a URL at this moment. @throws KubeError `Unreachable` */
  reach(target: TenantTarget, id: string): ApiServer {
    const unreachable = (message: string) =>
      new KubeError({ code: 'Unreachable', operation: `call ${target.server}`, message });
    const pod = this.podAt(new URL(target.server));
    if (!pod || pod.runtimeId !== id) throw unreachable('connection refused');
    if (this.options.isStoreDown())
      throw new KubeError({ code: 'InternalError', operation: 'call', message: 'no store', status: 500 });
    if (this.authorityOf(id) !== target.certificateAuthority)
      throw unreachable('certificate signed by unknown authority');
    return this.open(id);
  }

  private podAt({ hostname, port }: URL): RunningPod | undefined {
    const { management, workloads, nowMs } = this.options;
    const direct = [...workloads.pods.values()].find((pod) => pod.ip === hostname);
    if (direct) return direct.serving ? direct : undefined;
    const service = management
      .all('services')
      .find((object) => leadsHere(object as unknown as Service, hostname, Number(port)));
    if (!service) return undefined;
    return workloads.serving(service.metadata?.name ?? '').find((pod) => pod.programmedAtMs <= nowMs());
  }

  private authorityOf(id: string): string | undefined {
    const roots = this.options.management.peek('secrets', `${tenantsNamespace}/${id}-roots`);
    return decodeData(roots)['ca.crt'];
  }
}

function leadsHere({ spec, status }: Service, host: string, port: number): boolean {
  const [first] = spec?.ports ?? [];
  if (host === nodeAddress) return first?.nodePort === port;
  const addresses = [spec?.clusterIP, ...(status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip)];
  return addresses.includes(host) && first?.port === (port || 443);
}

const ids = new Map<string, string>();

/** The runtime id of a tenant's uid. */
export function idOf(uid = ''): string {
  const known = ids.get(uid);
  if (known) return known;
  if (ids.size > 100) ids.clear();
  const id = runtimeId(uid);
  ids.set(uid, id);
  return id;
}
