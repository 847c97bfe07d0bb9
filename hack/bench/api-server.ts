import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type KubeObject, keyOf, refOf, type Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  secrets,
  services,
} from '../../src/kube/resources.ts';
import { growth, seriesOf, sumBy } from './prometheus.ts';
import { benchNamespace } from './tenants.ts';

/** Requests of one user. */
export interface ServerCounts {
  readonly reads: number;
  readonly leases: number;
  /** Of anything but Leases; dry runs are reads. */
  readonly writes: number;
}

export interface RequestWatch extends AsyncDisposable {
  /** Requests by FlowSchema, and dry runs, since the server's start. */
  read(): Promise<ReadonlyMap<string, number>>;
}

const flowSchemas: Resource = {
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  namespaced: false,
};

const writeVerbs = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const schemaNames = {
  leases: 'marina-bench-leases',
  writes: 'marina-bench-writes',
  reads: 'marina-bench-reads',
};

/**
 * Lets the API server itself count the requests of one user: no metric of it names users, but it counts the requests
 * of each FlowSchema, and a FlowSchema can be of one user. In `workload-high`, where service accounts of kube-system are.
 */
export async function watchRequestsOf(client: KubeClient, user: string): Promise<RequestWatch> {
  const subjects = [{ kind: 'User', user: { name: user } }];
  const all = { apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] };
  const schema = (name: string, matchingPrecedence: number, rule: object) =>
    client.apply(
      flowSchemas,
      {
        metadata: { name },
        spec: {
          priorityLevelConfiguration: { name: 'workload-high' },
          matchingPrecedence,
          rules: [{ subjects, ...rule }],
        },
      } as KubeObject,
      { fieldManager: 'bench' },
    );
  // The first that matches counts.
  await schema(schemaNames.leases, 500, {
    resourceRules: [{ ...all, apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] }],
  });
  await schema(schemaNames.writes, 501, { resourceRules: [{ ...all, verbs: writeVerbs }] });
  await schema(schemaNames.reads, 502, {
    resourceRules: [{ ...all, verbs: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  });
  return {
    async read() {
      const { status, body } = await client.probe('/metrics', { timeoutMs: 30_000 });
      if (status !== 200) throw new Error(`metrics of the management API server: status ${status}`);
      const requests = sumBy(seriesOf(body, 'apiserver_flowcontrol_dispatched_requests_total'), [
        'flow_schema',
      ]);
      return new Map([...requests, [dryRuns, countDryRuns(body)]]);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Object.values(schemaNames).map((name) => client.delete(flowSchemas, { name })));
    },
  };
}

/** Of whoever: nobody else is expected to make any while a fleet idles. */
const dryRuns = 'dry runs';

function countDryRuns(metrics: string): number {
  const series = seriesOf(metrics, 'apiserver_request_total');
  return (
    sumBy(
      series.filter(({ labels }) => labels['dry_run'] === 'All'),
      ['dry_run'],
    ).get('All') ?? 0
  );
}

export function countByServer(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ServerCounts {
  const grown = growth(before, after);
  const of = (name: string) => grown.get(name) ?? 0;
  return {
    reads: of(schemaNames.reads) + of(dryRuns),
    leases: of(schemaNames.leases),
    writes: of(schemaNames.writes) - of(dryRuns),
  };
}

/** The resourceVersion of every object that Marina may write, by `resource namespace/name`. */
export async function objectVersions(client: KubeClient): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  const add = async (resource: Resource, namespace: string) => {
    const { items } = await client.list(resource, { namespace });
    for (const object of items) {
      versions.set(`${resource.plural} ${keyOf(refOf(object))}`, object.metadata?.resourceVersion ?? '');
    }
  };
  const made = [secrets, configMaps, services, deployments, podDisruptionBudgets] as const;
  await Promise.all([
    ...made.map((resource) => add(resource, 'marina-tenants')),
    ...[tenantControlPlanes, secrets].map((resource) => add(resource, benchNamespace)),
    add(tenantControlPlanes, 'default'),
    add(dataStores, ''),
  ]);
  return versions;
}
