import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Load, LoadOptions, Outcome } from './load.ts';

/**
 * The same as `openLoad` in a thread of its own: who measures somebody else meanwhile does not wait for this event loop.
 *
 * @param signal ends it at once
 */
export async function openLoadThread(kubeconfig: string, signal: AbortSignal): Promise<Load> {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), { workerData: kubeconfig });
  const end = () => void worker.terminate();
  signal.addEventListener('abort', end);
  await once(worker, 'message', { signal });
  return {
    async run(options: LoadOptions) {
      const answered = once(worker, 'message', { signal });
      worker.postMessage(options);
      const [outcome] = (await answered) as [Outcome];
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', end);
      await worker.terminate();
    },
  };
}
