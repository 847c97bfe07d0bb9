import { randomInt } from 'node:crypto';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import type { Schemas } from '../../client/client.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { secrets } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import { showKubeconfig, whatRemains } from '../../rest/kubeconfigs/representation.ts';
import type { Ref } from '../backend.ts';
import { notFound } from './errors.ts';
import { answered, fieldManager } from './objects.ts';

/** Seconds to wait for the certificate; the controller needs a fraction of one. */
const issueSeconds = 20;

/** TenantKubeconfigs of one control plane, and the Secrets with their files. Rejects with an `ApiError`. */
export class Kubeconfigs {
  private readonly client: KubeClient;

  constructor(client: KubeClient) {
    this.client = client;
  }

  async list({ namespace, name }: Ref): Promise<readonly Schemas['Kubeconfig'][]> {
    const { items } = await answered(this.client.list(tenantKubeconfigs, { namespace }));
    return items.filter(({ spec }) => spec.controlPlaneName === name).map(showKubeconfig);
  }

  async issue(
    controlPlane: Ref,
    { name, ...wish }: Schemas['NewKubeconfig'],
  ): Promise<Schemas['KubeconfigFile']> {
    const { namespace } = controlPlane;
    if (!(await answered(this.client.get(tenantControlPlanes, controlPlane))))
      throw notFound(`There is no control plane ${controlPlane.name} in namespace ${namespace}.`);
    // What is left out is filled in by the API server.
    const object = {
      metadata: { namespace, name: name ?? `${controlPlane.name.slice(0, 50)}-${randomName()}` },
      spec: { controlPlaneName: controlPlane.name, ...wish },
    } as TenantKubeconfig;
    const made = await answered(
      this.client.create(tenantKubeconfigs, object, { fieldManager, isStrict: true }),
    );
    return await this.withFile(await this.settled(made));
  }

  async get(controlPlane: Ref, name: string): Promise<Schemas['KubeconfigFile']> {
    return await this.withFile(await this.find(controlPlane, name));
  }

  async revoke(controlPlane: Ref, name: string): Promise<Schemas['RevokedKubeconfig']> {
    const found = await this.find(controlPlane, name);
    const { uid } = found.metadata ?? {};
    const ref = { namespace: controlPlane.namespace, name };
    await answered(this.client.delete(tenantKubeconfigs, ref, { ...(uid !== undefined && { uid }) }));
    return { ...showKubeconfig(found), remaining: whatRemains(found) };
  }

  private async find({ namespace, name: controlPlane }: Ref, name: string): Promise<TenantKubeconfig> {
    const found = await answered(this.client.get(tenantKubeconfigs, { namespace, name }));
    if (found?.spec.controlPlaneName === controlPlane) return found;
    throw notFound(`Control plane ${controlPlane} has no kubeconfig ${name}.`);
  }

  /** As it is once it is Ready, or after a while. */
  private async settled(made: TenantKubeconfig): Promise<TenantKubeconfig> {
    const { namespace, name, resourceVersion = '' } = made.metadata ?? {};
    const options = {
      ...(namespace !== undefined && { namespace }),
      fieldSelector: `metadata.name=${name}`,
      resourceVersion,
      timeoutSeconds: issueSeconds,
      signal: AbortSignal.timeout(issueSeconds * 1_000),
    };
    let last = made;
    try {
      for await (const event of this.client.watch(tenantKubeconfigs, options)) {
        if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
        last = event.object;
        if (showKubeconfig(last).isReady) break;
      }
    } catch (error: unknown) {
      if (!isKubeError(error)) throw error;
    }
    return last;
  }

  private async withFile(kubeconfig: TenantKubeconfig): Promise<Schemas['KubeconfigFile']> {
    const { name, key = '' } = kubeconfig.status?.secret ?? {};
    const namespace = kubeconfig.metadata?.namespace ?? '';
    const secret =
      name === undefined ? undefined : await answered(this.client.get(secrets, { namespace, name }));
    const file = decodeData(secret)[key];
    return { ...showKubeconfig(kubeconfig), ...(file !== undefined && { kubeconfig: file }) };
  }
}

function randomName(): string {
  return randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
}
