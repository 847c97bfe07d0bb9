import './paper-pki-hook.ts';
import { parseArgs } from 'node:util';
import { runBatch } from './batch.ts';

/*
 * node test/simulator/run.ts --seed 12345                     one schedule, with everything that happened in it
 * node test/simulator/run.ts --seed 1 --schedules 10000       many, from that seed on; those that fail are told at the end
 */

/** Lines of the trace of a schedule that failed among many. */
const traceLines = 200;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    schedules: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    'max-failures': { type: 'string', default: '5' },
  },
});
const seed = Number(values.seed);
const schedules = Number(values.schedules);

if (schedules === 1) await replay(seed, Infinity);
else await runMany();

async function runMany(): Promise<void> {
  const started = process.cpuUsage();
  const startedMs = performance.now();
  const {
    failures,
    schedules: run,
    simulatedSeconds,
  } = await runBatch({
    firstSeed: seed,
    schedules,
    threads: Number(values.threads),
    maxFailures: Number(values['max-failures']),
    onFailure: ({ seed: failed, violations }) =>
      console.log(`seed ${failed}:\n  ${violations.slice(0, 5).join('\n  ')}`),
  });
  const { user, system } = process.cpuUsage(started);
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(
    `${run} schedules from seed ${seed}, ${failures.length} failed; ${(run / seconds).toFixed(0)} a second, ` +
      `${((user + system) / 1_000 / run).toFixed(1)} ms of CPU and ${(simulatedSeconds / run).toFixed(0)} simulated seconds each`,
  );
  const [first] = failures;
  if (first) {
    console.log(
      `\nThe last of seed ${first.seed} (all of it: node test/simulator/run.ts --seed ${first.seed}):`,
    );
    await replay(first.seed, traceLines);
  }
}

/** The same again, as it is the same for the same seed, telling what happens. */
async function replay(replayed: number, lines: number): Promise<void> {
  const { simulate } = await import('./schedule.ts');
  const { trace, violations } = await simulate(replayed, { trace: true });
  console.log(trace.slice(-lines).join('\n'));
  for (const violation of violations) console.log(`VIOLATED: ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}
