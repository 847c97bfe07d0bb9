import type { V1SubjectAccessReview } from '@kubernetes/client-node';
import { apiGroup } from '../../api/v1alpha1/meta.ts';
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

/** Asks the management cluster's own authorizers (SubjectAccessReview): one permission system, the one that is there. */
export class AccessReviews {
  private readonly client: Pick<KubeClient, 'create'>;

  constructor(client: Pick<KubeClient, 'create'>) {
    this.client = client;
  }

  /** Rejects with a `KubeError`. */
  async allows({ username, uid, groups, extra }: Identity, permission: Permission): Promise<boolean> {
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
