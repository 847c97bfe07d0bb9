import type { KubeObject } from '../kube/resource.ts';
import type { BootstrapObject } from './component.ts';
import { differences } from '../kube/differences.ts';

export type Decision =
  | { readonly action: 'keep' }
  /** `paths` is empty when there is no such object. */
  | { readonly action: 'apply'; readonly paths: readonly string[] }
  /** What differs can only be set at creation. */
  | { readonly action: 'replace'; readonly paths: readonly string[] }
  | { readonly action: 'wait'; readonly finalizers: readonly string[] };

/** Paths that the API server refuses to change, by kind; everywhere else it is a matter of values. */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ['roleRef'],
  RoleBinding: ['roleRef'],
  Deployment: ['spec.selector'],
  DaemonSet: ['spec.selector'],
  EndpointSlice: ['addressType'],
  Service: ['spec.clusterIP'],
};

/** What has to happen so that the live object is the wanted one; `live` is undefined when there is none. */
export function decide({ resource, object }: BootstrapObject, live: KubeObject | undefined): Decision {
  if (!live) return { action: 'apply', paths: [] };
  if (live.metadata?.deletionTimestamp) {
    return { action: 'wait', finalizers: live.metadata.finalizers ?? [] };
  }
  const paths = differences(object, live);
  if (paths.length === 0) return { action: 'keep' };
  const immutable = IMMUTABLE[resource.kind] ?? [];
  const refused = isSealed(live) || paths.some((path) => immutable.some((prefix) => isBelow(path, prefix)));
  return { action: refused ? 'replace' : 'apply', paths };
}

/** A ConfigMap with `immutable: true` takes no more changes to its data. */
function isSealed(live: KubeObject): boolean {
  return 'immutable' in live && live.immutable === true;
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}.`);
}
