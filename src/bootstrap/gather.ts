import type { KubeClient } from '../kube/client.ts';
import { isKubeError, type KubeError } from '../kube/errors.ts';
import { keyOf, refOf, type KubeObject, type Resource } from '../kube/resource.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  daemonSets,
  deployments,
  endpoints,
  endpointSlices,
  roleBindings,
  roles,
  serviceAccounts,
  services,
} from '../kube/resources.ts';
import { PHASE_LABEL } from './objects.ts';

interface Place {
  readonly resource: Resource;
  readonly namespace?: string;
}

/** Everywhere that a bootstrap object can be; also those of addons that are switched off. */
const PLACES: readonly Place[] = [
  { resource: configMaps, namespace: 'kube-public' },
  { resource: roles, namespace: 'kube-public' },
  { resource: roleBindings, namespace: 'kube-public' },
  { resource: endpoints, namespace: 'default' },
  { resource: endpointSlices, namespace: 'default' },
  { resource: clusterRoles },
  { resource: clusterRoleBindings },
  { resource: configMaps, namespace: 'kube-system' },
  { resource: roles, namespace: 'kube-system' },
  { resource: roleBindings, namespace: 'kube-system' },
  { resource: serviceAccounts, namespace: 'kube-system' },
  { resource: services, namespace: 'kube-system' },
  { resource: deployments, namespace: 'kube-system' },
  { resource: daemonSets, namespace: 'kube-system' },
];

/**
 * Objects read from one place. Marina writes at most seven to any; a tenant who puts the label on more has those
 * beyond the page taken for missing and applied again, which costs the tenant's API server and not Marina's memory.
 */
const PAGE = 32;

export interface LiveObject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export interface LiveObjects {
  /** All that carry Marina's label. */
  readonly all: readonly LiveObject[];
  /** @throws KubeError when the object's place could not be read. */
  find(resource: Resource, object: KubeObject): KubeObject | undefined;
}

/** What Marina's label is on inside the tenant cluster: one list a place, all at once. */
export async function gather(client: Pick<KubeClient, 'list'>): Promise<LiveObjects> {
  const failures = new Map<string, KubeError>();
  const lists = await Promise.all(
    PLACES.map(async ({ resource, namespace }) => {
      try {
        const list = await client.list(resource, { namespace, labelSelector: PHASE_LABEL, limit: PAGE });
        return list.items.map((object) => ({ resource, object }));
      } catch (error) {
        if (!isKubeError(error)) throw error;
        failures.set(placeOf(resource, namespace), error);
        return [];
      }
    }),
  );
  const all = lists.flat();
  const byName = new Map(all.map(({ resource, object }) => [nameOf(resource, object), object]));
  return {
    all,
    find(resource, object) {
      const failure = failures.get(placeOf(resource, object.metadata?.namespace));
      if (failure) throw failure;
      return byName.get(nameOf(resource, object));
    },
  };
}

/** For people, and unique in a cluster: e.g. `ConfigMap kube-system/kubelet-config`. */
export function nameOf(resource: Resource, object: KubeObject): string {
  return `${resource.kind} ${keyOf(refOf(object))}`;
}

function placeOf(resource: Resource, namespace: string | undefined): string {
  return `${resource.kind} ${namespace ?? ''}`;
}
