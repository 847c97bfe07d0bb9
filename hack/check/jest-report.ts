import { z } from 'zod';

/** What came of one stage, or of all. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failures that jest counts nowhere, in words. */
  readonly problems: readonly string[];
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: 0, problems: [] };

/** The part of `jest --json` that is read; its own totals do not count files that could not run. */
const jestReport = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string() })),
    }),
  ),
});

/**
 * Counts tests, and 1 for each file that failed as a whole (it does not load, or its afterAll throws), for a run without any test
 * and for an exit status that nothing else explains.
 * @param text of the report file; undefined when jest wrote none
 * @param status jest's exit status; undefined when a signal ended it
 */
export function tallyJest(text: string | undefined, status: number | undefined): Tally {
  const report = parseReport(text);
  if (!report) return failure(`jest ended with ${status ?? 'a signal'} and left no report`);

  const statuses = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = statuses.filter((each) => each === 'passed').length;
  const failed = statuses.filter((each) => each === 'failed').length;
  const skipped = statuses.length - passed - failed;

  const problems = report.testResults
    .filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    )
    .map((file) => `${file.name} failed as a whole`);
  if (problems.length === 0 && passed + failed === 0) problems.push('no test ran');
  if (problems.length === 0 && failed === 0 && status !== 0)
    problems.push(`jest ended with ${status ?? 'a signal'}`);
  return { passed, failed: failed + problems.length, skipped, problems };
}

function parseReport(text: string | undefined): z.infer<typeof jestReport> | undefined {
  if (text === undefined) return undefined;
  try {
    return jestReport.parse(JSON.parse(text));
  } catch {
    return undefined; // cut short: jest was killed while writing
  }
}

export function failure(problem: string): Tally {
  return { passed: 0, failed: 1, skipped: 0, problems: [problem] };
}

export function sum(tallies: readonly Tally[]): Tally {
  let total = nothing;
  for (const { passed, failed, skipped, problems } of tallies) {
    total = {
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
      problems: [...total.problems, ...problems],
    };
  }
  return total;
}

/** The last line of `npm test`: `12 passed, 0 failed`, with `, 1 skipped` only where one was. */
export function lastLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
