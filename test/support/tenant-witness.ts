import assert from 'node:assert/strict';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { type ConfigMap, configMaps } from '../../src/kube/resources.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { waitUntil } from './wait-until.ts';
import type { ManagementCluster } from './management-cluster.ts';

const marker = { namespace: 'default', name: 'acknowledged' };

/** A user of one tenant cluster who has written something, and looks whether the cluster is still the same and still there. */
export class TenantWitness implements AsyncDisposable {
  private readonly client: KubeClient;
  private readonly written: ConfigMap;

  private constructor(client: KubeClient, written: ConfigMap) {
    this.client = client;
    this.written = written;
  }

  static async of(cluster: ManagementCluster, tenant: TenantControlPlane): Promise<TenantWitness> {
    const client = await cluster.adminOf(tenant);
    const written = { metadata: marker, data: { tenant: tenant.status?.runtimeId ?? '' } };
    return new TenantWitness(client, await client.create(configMaps, written));
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
