export interface FinishedTest {
  readonly name: string;
  readonly isPassed: boolean;
  readonly seconds: number;
}

/**
 * Finds the ends of tests in what ginkgo v2 prints with `-v`, line by line: `• [1.234 seconds]` or `• [FAILED] [1.234 seconds]`. The name
 * of the test is on the next line, or where one process runs all, on the last line before that was one. The place of a failure is marked
 * in it (`[It]`), and labels follow (reporters/default_reporter.go).
 */
export function readProgress(
  tests: readonly string[],
  onFinished: (test: FinishedTest) => void,
): (line: string) => void {
  let begun: string | undefined;
  let ended: Omit<FinishedTest, 'name'> | undefined;
  return (line) => {
    const named = testIn(line, tests);
    const name = named ?? begun;
    if (ended && name) onFinished({ name, ...ended });
    begun = ended ? undefined : name;
    ended = endIn(line);
  };
}

function testIn(line: string, tests: readonly string[]): string | undefined {
  const text = line.replaceAll(/ ?\[(It|BeforeEach|AfterEach|DeferCleanup \(Each\))\]/g, '');
  return tests.find((test) => text.startsWith(test));
}

function endIn(line: string): Omit<FinishedTest, 'name'> | undefined {
  const [, state, seconds] = /^• (?:\[([A-Z]+)\] )?\[([\d.]+) seconds\]$/.exec(line.trim()) ?? [];
  return seconds ? { isPassed: state === undefined, seconds: Number(seconds) } : undefined;
}
