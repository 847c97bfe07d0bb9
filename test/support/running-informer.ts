import type { Informer } from '../../src/kube/informer.ts';
import type { KubeObject } from '../../src/kube/resource.ts';

/** Runs it until the result is disposed of; its first list is there. */
export async function runInformer<T extends KubeObject>(informer: Informer<T>): Promise<AsyncDisposable> {
  const stopping = new AbortController();
  const running = informer.run(stopping.signal);
  await informer.synced();
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}
