import assert from 'node:assert/strict';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { type ConfigMap, configMaps, secrets, services } from '../../src/kube/resources.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { waitUntil } from './wait-until.ts';
import { decodeData } from '../../src/kube/secret-data.ts';

const marker = { namespace: 'default', name: 'acknowledged' };

/** A user of one tenant cluster who has written something, and looks whether the cluster is still the same and still there. */
export class TenantWitness implements AsyncDisposable {
  private readonly client: KubeClient;
  private readonly written: ConfigMap;

  private constructor(client: KubeClient, written: ConfigMap) {
    this.client = client;
    this.written = written;
  }

  /** Comes with the kubeconfig that the user is given, by way of the ClusterIP: the published address leads nowhere in tests. */
  static async of(management: KubeClient, tenant: TenantControlPlane): Promise<TenantWitness> {
    const { namespace, name } = tenant.metadata ?? {};
    const id = tenant.status?.runtimeId ?? '';
    const service = await management.get(services, { namespace: 'marina-tenants', name: id });
    const secret = await management.get(secrets, { namespace, name: `${name}-kubeconfig` });
    const [kubeconfig = ''] = Object.values(decodeData(secret));
    const server = `https://${service?.spec?.clusterIP}:6443`;
    const client = await connect({ kubeconfig: kubeconfig.replace(/server: .*/, `server: ${server}`) });
    return new TenantWitness(
      client,
      await client.create(configMaps, { metadata: marker, data: { tenant: id } }),
    );
  }

  /**
   * Rejects when no API server of the tenant answers within some seconds (one that is about to stop refuses), or when it has not
   * what it has acknowledged.
   */
  async check(): Promise<void> {
    const found = await waitUntil(
      `${this.written.data?.['tenant']} answers with what it has acknowledged`,
      () => this.client.get(configMaps, marker).catch(unlessRefused),
      5_000,
    );
    assert.equal(found.metadata?.uid, this.written.metadata?.uid, 'an acknowledged write is gone');
    assert.deepEqual(found.data, this.written.data);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.close();
  }
}

function unlessRefused(error: unknown): undefined {
  if (!isKubeError(error)) throw error;
}
