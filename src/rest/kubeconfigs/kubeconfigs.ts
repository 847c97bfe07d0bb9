import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { fileIn, findSecret } from '../../kubeconfig/secret.ts';
import { fromKubeError, ProblemError } from '../problem/problem.ts';
import { fieldManager, notThere } from '../resources/custom-resources.ts';
import { Watches } from '../resources/watches.ts';
import { MANAGEMENT_CLIENT } from '../tokens.ts';
import type { newKubeconfig } from './representation.ts';

const served = { resource: tenantKubeconfigs, noun: 'kubeconfig' } as const;
/** Seconds to wait for the controller, which needs a fraction of one. */
const patienceSeconds = 20;

/** A kubeconfig, and the file when it could be had. */
export interface Issued {
  readonly kubeconfig: TenantKubeconfig;
  readonly file: string | undefined;
}

/** TenantKubeconfigs of one control plane. Rejects with a `ProblemError` or a `KubeError`. */
@Injectable()
export class Kubeconfigs {
  private readonly client: KubeClient;
  private readonly watches: Watches;

  constructor(@Inject(MANAGEMENT_CLIENT) client: KubeClient, watches: Watches) {
    this.client = client;
    this.watches = watches;
  }

  async list({ namespace, name }: ObjectRef): Promise<readonly TenantKubeconfig[]> {
    const { items } = await this.client.list(tenantKubeconfigs, {
      ...(namespace !== undefined && { namespace }),
    });
    return items.filter(({ spec }) => spec.controlPlaneName === name);
  }

  /** `signal`: the client has gone; the kubeconfig stays. */
  async issue(
    controlPlane: ObjectRef,
    { name = `${controlPlane.name.slice(0, 50)}-${randomName()}`, ...wish }: z.output<typeof newKubeconfig>,
    signal: AbortSignal,
  ): Promise<Issued> {
    if (!(await this.client.get(tenantControlPlanes, controlPlane)))
      throw notThere({ noun: 'control plane' }, controlPlane);
    const object: TenantKubeconfig = {
      metadata: { ...(controlPlane.namespace !== undefined && { namespace: controlPlane.namespace }), name },
      spec: { controlPlaneName: controlPlane.name, ...wish },
    };
    const made = await this.create(object);
    const { object: last } = await this.watches.until(served, made, 'Ready', {
      seconds: patienceSeconds,
      signal,
    });
    const kubeconfig = last as TenantKubeconfig;
    try {
      return await this.withFile(kubeconfig);
    } catch (error: unknown) {
      // It is made all the same, and its file can be asked for.
      if (isKubeError(error)) return { kubeconfig, file: undefined };
      throw error;
    }
  }

  async get(controlPlane: ObjectRef, name: string): Promise<Issued> {
    return await this.withFile(await this.find(controlPlane, name));
  }

  /** Waits a little for what it gave to be taken back: the cluster may be stopped. */
  async revoke(
    controlPlane: ObjectRef,
    name: string,
    signal: AbortSignal,
  ): Promise<{ readonly kubeconfig: TenantKubeconfig; readonly isDone: boolean }> {
    const kubeconfig = await this.find(controlPlane, name);
    const { uid } = kubeconfig.metadata ?? {};
    await this.client.delete(
      tenantKubeconfigs,
      { ...controlPlane, name },
      { ...(uid !== undefined && { uid }) },
    );
    const { isDone } = await this.watches.until(served, kubeconfig, 'Gone', {
      seconds: patienceSeconds,
      signal,
    });
    return { kubeconfig, isDone };
  }

  private async find({ namespace, name: controlPlane }: ObjectRef, name: string): Promise<TenantKubeconfig> {
    const found = await this.client.get(tenantKubeconfigs, {
      ...(namespace !== undefined && { namespace }),
      name,
    });
    if (found?.spec.controlPlaneName === controlPlane) return found;
    throw new ProblemError('NotFound', `Control plane ${controlPlane} has no kubeconfig ${name}.`);
  }

  private async create(object: TenantKubeconfig): Promise<TenantKubeconfig> {
    try {
      return await this.client.create(tenantKubeconfigs, object, { fieldManager, isStrict: true });
    } catch (error: unknown) {
      if (!isKubeError(error)) throw error;
      const { code, message, errors, retryAfterSeconds } = fromKubeError(error);
      // The body has the members of the spec at its top.
      const pointed = errors.map(({ pointer, ...rest }) => ({
        ...rest,
        ...(pointer !== undefined && { pointer: pointer.replace(/^\/spec(?=\/|$)/, '') }),
      }));
      throw new ProblemError(code, message, {
        errors: pointed,
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
        cause: error,
      });
    }
  }

  private async withFile(kubeconfig: TenantKubeconfig): Promise<Issued> {
    return { kubeconfig, file: fileIn(await findSecret(this.client, kubeconfig)) };
  }
}

function randomName(): string {
  return randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
}
