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
  private readonly given = new Recent();
  /** Where somebody may not read all of a kind: there they are asked for by name at once. */
  private readonly notForAll = new Recent();

  constructor(client: Pick<KubeClient, 'create'>, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** Rejects with a `KubeError`. */
  async allows(identity: Identity, permission: Permission): Promise<boolean> {
    if (!isPlainReading(permission)) return await this.ask(identity, permission);
    const { name, ...forAll } = permission;
    if (name === undefined) return await this.allowsReading(identity, permission);
    if (this.isGiven(identity, permission)) return true;
    // Who may read one may mostly read all of them, which is then asked once, and not for each.
    const nowMs = this.clock.monotonicMs();
    const wide = keyOf(identity, forAll);
    if (!this.notForAll.has(wide, nowMs)) {
      if (await this.allowsReading(identity, forAll)) return true;
      this.notForAll.add(wide, nowMs);
    }
    return await this.allowsReading(identity, permission);
  }

  private isGiven(identity: Identity, permission: Permission): boolean {
    return this.given.has(keyOf(identity, permission), this.clock.monotonicMs());
  }

  private async allowsReading(identity: Identity, permission: Permission): Promise<boolean> {
    if (this.isGiven(identity, permission)) return true;
    const askedMs = this.clock.monotonicMs();
    const isAllowed = await this.ask(identity, permission);
    if (isAllowed) this.given.add(keyOf(identity, permission), askedMs);
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
}

/** What was found out within the last `believedMs`; bounded. */
class Recent {
  /** The oldest first. */
  private readonly foundMs = new Map<string, number>();

  has(key: string, nowMs: number): boolean {
    const atMs = this.foundMs.get(key);
    return atMs !== undefined && nowMs - atMs < believedMs;
  }

  add(key: string, atMs: number): void {
    this.foundMs.delete(key);
    this.foundMs.set(key, atMs);
    for (const oldest of this.foundMs.keys()) {
      if (this.foundMs.size <= capacity) break;
      this.foundMs.delete(oldest);
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
