import type { Failpoints } from '../../src/engine/failpoints.ts';
import type { Log } from '../../src/engine/log.ts';

interface Trace {
  readonly effect: string;
  readonly call: number;
  readonly phase: 'begins' | 'ended';
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** Tells the log when each effect begins, before any fence is asked, and when it has ended. */
export function tracedFailpoints(log: Log): Failpoints {
  let calls = 0;
  return {
    async around(effect, run) {
      const call = (calls += 1);
      const tell = (phase: Trace['phase']) =>
        log.debug({ ...({ effect, call, phase, atMs: Date.now() } satisfies Trace) }, 'effect');
      tell('begins');
      try {
        return await run();
      } finally {
        tell('ended');
      }
    },
  };
}

/** Names of the effects in a log that had begun by then and had not ended. */
export function effectsUnderWay(log: string, atMs: number): readonly string[] {
  const open = new Map<number, string>();
  for (const line of log.split('\n').filter((each) => each.includes('"msg":"effect"'))) {
    const trace = JSON.parse(line) as Trace;
    if (trace.atMs > atMs) continue;
    if (trace.phase === 'begins') open.set(trace.call, trace.effect);
    else open.delete(trace.call);
  }
  return [...open.values()];
}
