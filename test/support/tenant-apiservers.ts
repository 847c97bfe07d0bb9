import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { namespaces } from '../../src/kube/resources.ts';
import type { KubeApiserver } from './kube-apiserver.ts';

/** kube-apiservers of tenants that share a store, by id, and what a test asks them. */
export class TenantApiservers {
  private readonly running = new Map<string, KubeApiserver>();

  add(id: string, apiserver: KubeApiserver): void {
    this.running.set(id, apiserver);
  }

  get(id: string): KubeApiserver {
    const apiserver = this.running.get(id);
    if (!apiserver) throw new Error(`no apiserver of tenant ${id} is running`);
    return apiserver;
  }

  async stop(id: string): Promise<void> {
    await this.get(id).stop();
    this.running.delete(id);
  }

  async createNamespace(id: string, name: string): Promise<void> {
    await using client = await this.clientOf(id);
    await client.kube.create(namespaces, { metadata: { name } });
  }

  async listNamespaces(id: string): Promise<readonly (string | undefined)[]> {
    await using client = await this.clientOf(id);
    const { items } = await client.kube.list(namespaces);
    return items.map((item) => item.metadata?.name);
  }

  /** As the tenant's administrator. */
  async clientOf(id: string): Promise<AsyncDisposable & { readonly kube: KubeClient }> {
    const { server, ca, admin } = this.get(id);
    const kube = await connect({
      server,
      ca: ca.certificate,
      cert: admin.certificate,
      key: admin.privateKey,
    });
    return { kube, [Symbol.asyncDispose]: () => kube.close() };
  }
}
