import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { done, failed, type StepResult, waiting } from '../controlplane/component.ts';
import { storeOf } from '../controlplane/datastore-access/store-of.ts';
import { observeWorkload } from '../controlplane/deployment/observe.ts';
import { asMarina, directServer } from '../controlplane/in-tenant/target.ts';
import { readRoots, type Roots, rootsFingerprint } from '../controlplane/roots/material.ts';
import type { TenantTarget } from '../controlplane/tenant-clients.ts';
import type { View } from '../controlplane/view.ts';
import { decodeData } from '../kube/secret-data.ts';
import type { Cluster } from './build.ts';

/** What kubeconfigs of a tenant are made of. */
export interface Source {
  readonly cluster: Cluster;
  readonly roots: Roots;
}

/** Milliseconds between what a cache has and what another one will have. */
const soonMs = 250;

/** Roots that are not those of the cluster sign nothing: its API server would not know the user. */
export function sourceOf({ tenant, roots, names }: View): StepResult<Source> {
  const { rootsFingerprint: recorded, controlPlaneEndpoint } = tenant.status ?? {};
  if (!recorded || !controlPlaneEndpoint) {
    return waiting('EndpointPending', 'Waiting for the control plane’s root keys and its published address.');
  }
  const where = `Secret ${names.namespace}/${names.roots}`;
  if (!roots) return failed('RootsMissing', `${where} with the cluster’s root keys is gone.`);
  const reading = readRoots(decodeData(roots));
  if (!reading.readable) return failed('RootsInvalid', `${where}: ${reading.message}.`);
  if (rootsFingerprint(reading.roots) !== recorded) {
    return failed('RootsChanged', `${where} is not the one that the cluster was made with.`);
  }
  const cluster = {
    server: `https://${controlPlaneEndpoint}`,
    certificateAuthority: reading.roots['ca.crt'],
  };
  return done({ cluster, roots: reading.roots });
}

/** How to reach an API server of the tenant that serves, as Marina. */
export function targetOf({
  tenant,
  deployment,
  pods,
  names,
  roots,
  certificates,
}: View): StepResult<TenantTarget> {
  const workload = observeWorkload(deployment, pods);
  // Events of pods do not come here; of a control plane that is said to be there, they are on their way.
  const isSoon = (tenant.status?.readyReplicas ?? 0) > 0;
  if (workload.state !== 'Done')
    return isSoon ? waiting(workload.reason, workload.message, soonMs) : workload;
  const [pod] = workload.value.serving;
  const certificateAuthority = decodeData(roots)['ca.crt'];
  if (!pod || !certificateAuthority) return waiting('ApiServerPending', 'Waiting for the API server.');
  const credential = { names, certificateAuthority, certificates: decodeData(certificates) };
  return done(asMarina(directServer(pod), credential));
}

/** Tells apart what is inside a tenant by where it is and where it came from: after a restore bindings are those of the archive. */
export function contentsOf(tenant: TenantControlPlane): string {
  return [tenant.metadata?.uid, storeOf(tenant), tenant.status?.restoredBy].join();
}

/** All of a tenant that makes a difference to its kubeconfigs. */
export function stateOf(tenant: TenantControlPlane | undefined): string {
  if (!tenant) return '';
  const { controlPlaneEndpoint, rootsFingerprint: fingerprint, readyReplicas = 0 } = tenant.status ?? {};
  const isGoing = tenant.metadata?.deletionTimestamp !== undefined;
  return [contentsOf(tenant), isGoing, controlPlaneEndpoint, fingerprint, readyReplicas > 0].join();
}
