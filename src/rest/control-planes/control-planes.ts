import { Inject, Injectable } from '@nestjs/common';
import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { ObjectList, ObjectRef } from '../../kube/resource.ts';
import { ProblemError } from '../problem/problem.ts';
import { MANAGEMENT_CLIENT } from '../tokens.ts';
import type { ControlPlanePatch, NewControlPlane } from './representation.ts';

const fieldManager = 'marina-rest';

export interface Page {
  readonly namespace?: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly labelSelector?: string;
}

/** TenantControlPlanes as REST reads and writes them: the same objects that GitOps applies. Rejects with a `ProblemError` or a `KubeError`. */
@Injectable()
export class ControlPlanes {
  private readonly client: KubeClient;

  constructor(@Inject(MANAGEMENT_CLIENT) client: KubeClient) {
    this.client = client;
  }

  async list({ cursor, ...options }: Page): Promise<ObjectList<TenantControlPlane>> {
    return await this.client.list(tenantControlPlanes, {
      ...options,
      ...(cursor !== undefined && { continue: cursor }),
    });
  }

  async get(ref: ObjectRef): Promise<TenantControlPlane> {
    const found = await this.client.get(tenantControlPlanes, ref);
    if (!found) throw notThere(ref);
    return found;
  }

  /** `dryRun`: everything is checked, and nothing made. */
  async create(
    namespace: string,
    { name, labels, annotations, spec }: NewControlPlane,
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<TenantControlPlane> {
    const object = {
      metadata: { namespace, name, labels, annotations },
      spec,
    } as unknown as TenantControlPlane;
    return await this.client.create(tenantControlPlanes, object, { fieldManager, dryRun, isStrict: true });
  }

  /** `version`: the one that the change was thought out for. */
  async patch(ref: ObjectRef, change: ControlPlanePatch, version: string): Promise<TenantControlPlane> {
    const { labels, annotations, spec } = change;
    const body = { metadata: { resourceVersion: version, labels, annotations }, spec };
    const patch = { type: 'merge', body } as const;
    try {
      return await this.client.patch(tenantControlPlanes, ref, patch, { fieldManager, isStrict: true });
    } catch (error: unknown) {
      if (isKubeError(error, 'NotFound')) throw notThere(ref);
      throw isKubeError(error, 'Conflict') ? changedMeanwhile(ref, error) : error;
    }
  }

  /** Asks for it; the object stays until all that it owns is gone. */
  async delete(ref: ObjectRef, version: string | undefined): Promise<TenantControlPlane> {
    const found = await this.get(ref);
    const { uid } = found.metadata ?? {};
    try {
      await this.client.delete(tenantControlPlanes, ref, {
        uid,
        ...(version !== undefined && { resourceVersion: version }),
      });
    } catch (error: unknown) {
      throw isKubeError(error, 'Conflict') ? changedMeanwhile(ref, error) : error;
    }
    const left = await this.client.get(tenantControlPlanes, ref);
    return left?.metadata?.uid === uid && left ? left : found;
  }
}

function notThere({ namespace, name }: ObjectRef): ProblemError {
  return new ProblemError('NotFound', `There is no control plane ${name} in namespace ${namespace}.`);
}

function changedMeanwhile({ name }: ObjectRef, cause: unknown): ProblemError {
  const detail = `Control plane ${name} is no longer what If-Match says; read it again.`;
  return new ProblemError('PreconditionFailed', detail, { cause });
}
