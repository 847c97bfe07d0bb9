import { setTimeout as delay } from 'node:timers/promises';
import { type MarinaProcess, type MarinaProcessOptions, startMarinaProcess } from './marina-process.ts';

export interface SupervisedMarina {
  /** Ends the process of the moment with SIGKILL; the next one starts. */
  kill(): Promise<void>;
  /** The same at moments of chance: each so many milliseconds after the one before. */
  killAfter(gapsMs: readonly number[]): Promise<void>;
  /** Ends it with SIGTERM and starts no more. Rejects with what went wrong on the way, e.g. in `whileDead`. */
  stop(): Promise<void>;
  /** Rejects as soon as something went wrong; else never settles. To be raced with what is waited for. */
  readonly trouble: Promise<never>;
  /** Processes that ended by SIGKILL. */
  readonly deaths: number;
}

/** One Marina process after the other: when one is killed, and `whileDead` has looked at the world without it, the next one starts. */
export function superviseMarina(
  options: MarinaProcessOptions,
  whileDead: () => Promise<void> = () => Promise.resolve(),
): SupervisedMarina {
  let current: MarinaProcess | undefined;
  let isStopping = false;
  /** Not a variable, which a compiler takes to be the same after a wait. */
  const isWanted = () => isStopping;
  let deaths = 0;
  const trouble = Promise.withResolvers<never>();
  trouble.promise.catch(() => undefined);

  const supervise = async () => {
    while (!isStopping) {
      await using marina = await startMarinaProcess(options);
      current = marina;
      const { code, signal } = await marina.exited;
      if (signal === 'SIGKILL') {
        deaths += 1;
        await whileDead();
      } else if (code !== 0 || !isWanted()) {
        throw new Error(`Marina ended with ${code ?? signal}:\n${await marina.logTail()}`);
      }
    }
  };
  const supervising = supervise().catch((error: unknown) => {
    trouble.reject(error);
    throw error;
  });
  supervising.catch(() => undefined);

  return {
    kill: async () => current?.kill(),
    async killAfter(gapsMs) {
      for (const ms of gapsMs) {
        await delay(ms);
        await current?.kill();
      }
    },
    async stop() {
      isStopping = true;
      await current?.stop();
      await supervising;
    },
    trouble: trouble.promise,
    get deaths() {
      return deaths;
    },
  };
}
