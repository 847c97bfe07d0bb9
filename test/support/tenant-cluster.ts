import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { startKubeApiserver } from './kube-apiserver.ts';
import type { KubeApiserver, KubeApiserverOptions } from './kube-apiserver.ts';

export interface TenantCluster extends AsyncDisposable {
  readonly apiserver: KubeApiserver;
  /** As the admin. */
  readonly client: KubeClient;
}

/** An apiserver as a tenant has it (privileged pods allowed), with a client. */
export async function startTenantCluster(options: KubeApiserverOptions = {}): Promise<TenantCluster> {
  const extraArgs = ['--allow-privileged=true', ...(options.extraArgs ?? [])];
  const apiserver = await startKubeApiserver({ ...options, extraArgs });
  const client = await connect({
    server: apiserver.server,
    ca: apiserver.ca.certificate,
    cert: apiserver.admin.certificate,
    key: apiserver.admin.privateKey,
  });
  return {
    apiserver,
    client,
    async [Symbol.asyncDispose]() {
      await client.close();
      await apiserver.stop();
    },
  };
}
