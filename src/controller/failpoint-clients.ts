import { type Failpoints, noFailpoints } from '../engine/failpoints.ts';
import type { KubeClient } from '../kube/client.ts';
import { FailpointKubeClient, type NameOf } from '../kube/failpoint-client.ts';

/** Puts failpoints around the writes to the management cluster. */
export function managementFailpoints(client: KubeClient, failpoints: Failpoints): KubeClient {
  return withFailpoints(client, failpoints, 'management', partOfTenant);
}

/** Puts failpoints around the writes into a tenant cluster. */
export function tenantFailpoints(client: KubeClient, failpoints: Failpoints): KubeClient {
  return withFailpoints(client, failpoints, 'tenant', (_resource, { name }) => name);
}

function withFailpoints(
  client: KubeClient,
  failpoints: Failpoints,
  where: string,
  nameOf: NameOf,
): KubeClient {
  return failpoints === noFailpoints
    ? client
    : new FailpointKubeClient(client, failpoints, { where, nameOf });
}

/** Of a tenant's Secrets which one; the other kinds are there once. */
const partOfTenant: NameOf = ({ kind }, { name }) =>
  kind === 'Secret' ? name.slice(name.lastIndexOf('-') + 1) : undefined;
