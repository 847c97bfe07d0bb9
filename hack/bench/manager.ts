import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kube/client.ts';
import { type Deployment, deployments, pods } from '../../src/kube/resources.ts';

const ref = { namespace: 'marina-system', name: 'marina' };
const variable = 'MARINA_RESYNC_SECONDS';
const rolloutTimeoutMs = 180_000;

/** Lets the manager run with another resync, until it is disposed of. The manager is started anew for each change. */
export async function setResync(client: KubeClient, seconds: number): Promise<AsyncDisposable> {
  const before = await replaceResync(client, String(seconds));
  return {
    async [Symbol.asyncDispose]() {
      await replaceResync(client, before);
    },
  };
}

/** @returns the value that was there */
async function replaceResync(client: KubeClient, value: string): Promise<string> {
  const deployment = await client.get(deployments, ref);
  const variables = deployment?.spec?.template.spec?.containers[0]?.env ?? [];
  const index = variables.findIndex(({ name }) => name === variable);
  const before = variables[index]?.value;
  if (before === undefined) throw new Error(`Deployment ${ref.name}: no ${variable}`);
  if (before === value) return before;
  const path = `/spec/template/spec/containers/0/env/${index}/value`;
  const patched = await client.patch(deployments, ref, {
    type: 'json',
    body: [{ op: 'replace', path, value }],
  });
  await untilRolledOut(client, patched.metadata?.generation ?? 0);
  return before;
}

/** Until the new pod is ready and the old one, which still has a last word, is gone. */
async function untilRolledOut(client: KubeClient, generation: number): Promise<void> {
  const deadline = performance.now() + rolloutTimeoutMs;
  while (performance.now() < deadline) {
    const [deployment, { items }] = await Promise.all([
      client.get(deployments, ref),
      client.list(pods, { namespace: ref.namespace, labelSelector: 'app.kubernetes.io/name=marina' }),
    ]);
    if (isRolledOut(deployment, generation) && items.length === deployment?.spec?.replicas) return;
    await delay(500);
  }
  throw new Error(`Deployment ${ref.name} was not rolled out within ${rolloutTimeoutMs / 1000} s`);
}

function isRolledOut(deployment: Deployment | undefined, generation: number): boolean {
  const { observedGeneration = 0, updatedReplicas, readyReplicas } = deployment?.status ?? {};
  const wanted = deployment?.spec?.replicas;
  return observedGeneration >= generation && updatedReplicas === wanted && readyReplicas === wanted;
}
