import type { V1SubjectAccessReview } from '@kubernetes/client-node';
import { apiGroup } from '../../api/v1alpha1/meta.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import type { Plain } from '../../kube/resources.ts';
import type { Identity } from '../authentication/identity.ts';

const subjectAccessReviews: Resource<Plain<V1SubjectAccessReview> & KubeObject> = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

/** What somebody wants to do, in the words of RBAC. Subresources may be ones that the API server does not serve. */
export interface Permission {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** e.g. `tenantcontrolplanes` or `tenantcontrolplanes/kubeconfig` */
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Milliseconds for which leave to read is believed: a right that was taken away is good for so long at most. */
const believedMs = 5_000;
/** Answers kept at most. */
const capacity = 10_000;

/**
 * Asks the management cluster's own authorizers (SubjectAccessReview): one permission system, the one that is there. Leave to read
 * something of Marina's own kinds is believed for some seconds; what changes anything, has a credential or was refused is asked anew each time.
 */
export class AccessReviews {
  private readonly client: Pick<KubeClient, 'create'>;
  private readonly clock: Clock;
  /** When leave was given, the oldest first. */
  private readonly given = new Map<string, number>();

  constructor(client: Pick<KubeClient, 'create'>, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** Rejects with a `KubeError`. */
  async allows(identity: Identity, permission: Permission): Promise<boolean> {
    if (!isPlainReading(permission)) return await this.ask(identity, permission);
    const key = keyOf(identity, permission);
    const atMs = this.given.get(key);
    const askedMs = this.clock.monotonicMs();
    if (atMs !== undefined && askedMs - atMs < believedMs) return true;
    this.given.delete(key);
    const isAllowed = await this.ask(identity, permission);
    if (isAllowed) this.keep(key, askedMs);
    return isAllowed;
  }

  private async ask({ username, uid, groups, extra }: Identity, permission: Permission): Promise<boolean> {
    const [resource = '', subresource] = permission.resource.split('/');
    const { verb, namespace, name } = permission;
    const resourceAttributes = { group: apiGroup, resource, subresource, verb, namespace, name };
    const user = {
      user: username,
      uid,
      groups: [...groups],
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
    };
    const { status } = await this.client.create(subjectAccessReviews, {
      spec: { ...user, resourceAttributes },
    });
    return status?.allowed === true && status.denied !== true;
  }

  private keep(key: string, atMs: number): void {
    this.given.set(key, atMs);
    for (const oldest of this.given.keys()) {
      if (this.given.size <= capacity) break;
      this.given.delete(oldest);
    }
  }
}

/** Subresources are credentials and logs of control planes. */
function isPlainReading({ verb, resource }: Permission): boolean {
  return (verb === 'get' || verb === 'list') && !resource.includes('/');
}

function keyOf({ username, uid, groups, extra }: Identity, permission: Permission): string {
  const { verb, resource, namespace, name } = permission;
  return JSON.stringify([username, uid, groups, extra, verb, resource, namespace, name]);
}
