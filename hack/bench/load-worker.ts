/** Runs in a thread: says `ready`, then answers each LoadOptions with the Outcome. */
import { parentPort, workerData } from 'node:worker_threads';
import { type LoadOptions, openLoad } from './load.ts';

const load = await openLoad(workerData as string);
parentPort?.on('message', (options: LoadOptions) => {
  // What rejects here ends the thread, and `error` tells the other one why.
  void load.run(options).then((outcome) => parentPort?.postMessage(outcome));
});
parentPort?.postMessage('ready');
