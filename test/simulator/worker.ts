import './paper-pki-hook.ts';
import { parentPort } from 'node:worker_threads';

const { simulate } = await import('./schedule.ts');

// Where an error was made costs more than to make it, and there are many here; a replay says it.
Error.stackTraceLimit = 0;

/** A thread that runs the schedule of each seed that it is sent, and sends its outcome back. */
parentPort?.on('message', (seed: number) => {
  void simulate(seed).then((outcome) => parentPort?.postMessage(outcome));
});
