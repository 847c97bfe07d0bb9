import { Worker } from 'node:worker_threads';
import type { Outcome } from './schedule.ts';

export interface BatchOptions {
  readonly firstSeed: number;
  readonly schedules: number;
  /** Default 2. */
  readonly threads?: number;
  /** The batch ends after so many failures, default 5. */
  readonly maxFailures?: number;
  /** Told of each as it is found. */
  readonly onFailure?: (failure: Failure) => void;
}

export type Failure = Pick<Outcome, 'seed' | 'violations'>;

export interface BatchResult {
  /** How many were run. */
  readonly schedules: number;
  /** By seed. */
  readonly failures: readonly Failure[];
  /** Of simulated time, all schedules together. */
  readonly simulatedSeconds: number;
}

/** Milliseconds of real time after which a schedule counts as one that never ends. */
const stuckMs = 60_000;

/** Runs the schedules of consecutive seeds on several threads. One in which time stands still is a failure as well. */
export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const { firstSeed, schedules, threads = 2, maxFailures = 5 } = options;
  const failures: Failure[] = [];
  const fail = (failure: Failure) => {
    failures.push(failure);
    options.onFailure?.(failure);
  };
  let next = firstSeed;
  let run = 0;
  let simulatedMs = 0;
  const work = async () => {
    let thread = start();
    while (next < firstSeed + schedules && failures.length < maxFailures) {
      const seed = next;
      next += 1;
      const outcome = await outcomeOf(thread, seed);
      run += 1;
      simulatedMs += outcome?.simulatedMs ?? 0;
      if (!outcome) {
        fail({
          seed,
          violations: [`still running after ${stuckMs} ms: something goes round in circles`],
        });
        await thread.terminate();
        thread = start();
      } else if (outcome.violations.length > 0) fail(outcome);
    }
    await thread.terminate();
  };
  await Promise.all(Array.from({ length: threads }, work));
  failures.sort((one, other) => one.seed - other.seed);
  return { schedules: run, failures, simulatedSeconds: simulatedMs / 1_000 };
}

function start(): Worker {
  // A world is garbage as soon as its schedule has ended: room for a whole one keeps the collector away until then.
  return new Worker(new URL('worker.ts', import.meta.url), {
    resourceLimits: { maxYoungGenerationSizeMb: 64 },
  });
}

/** Undefined when it does not come. Rejects when the thread fails: that is the simulator's own fault. */
async function outcomeOf(thread: Worker, seed: number): Promise<Outcome | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome | undefined>();
  const timer = setTimeout(() => resolve(undefined), stuckMs);
  thread.on('message', resolve).on('error', reject);
  thread.postMessage(seed);
  try {
    return await promise;
  } catch (cause: unknown) {
    throw new Error(`the simulator fails at seed ${seed}`, { cause });
  } finally {
    clearTimeout(timer);
    thread.off('message', resolve).off('error', reject);
  }
}
