export type Outcome = 'passed' | 'failed' | 'skipped' | 'not run';

export interface TestResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** What the suite says of a test that failed or was skipped. */
  readonly message?: string;
  /** How the run of all tests ended for one that was run again, alone. */
  readonly before?: Pick<TestResult, 'outcome' | 'message'>;
}

/** As much of a spec's report as is read here: `SpecReport` of ginkgo v2, types/types.go. */
interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly State: string;
  /** Nanoseconds. */
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string };
}

/**
 * What became of each of `names`, in their order.
 * @param json ginkgo's report of a run; undefined when it left none
 */
export function readResults(json: string | undefined, names: readonly string[]): readonly TestResult[] {
  const reports = new Map<string, SpecReport>();
  for (const { SpecReports: specs } of JSON.parse(json ?? '[]') as readonly {
    readonly SpecReports: readonly SpecReport[] | null;
  }[]) {
    for (const spec of specs ?? [])
      reports.set([...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' '), spec);
  }
  return names.map((name) => {
    const report = reports.get(name);
    if (!report) return { name, outcome: 'not run', seconds: 0 };
    const message = report.Failure?.Message;
    return {
      name,
      outcome: outcomeOf(report),
      seconds: report.RunTime / 1e9,
      ...(message && { message }),
    };
  });
}

/** A spec that was stopped before its turn is `skipped` without having run; one that skips itself says why. */
function outcomeOf({ State: state, Failure: failure }: SpecReport): Outcome {
  if (state === 'passed') return 'passed';
  if (state === 'pending') return 'not run';
  if (state === 'skipped') return failure?.Message ? 'skipped' : 'not run';
  return 'failed';
}

export function countOf(results: readonly TestResult[], outcome: Outcome): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** `results` with those of `again` in their places, which remember what was there before. */
export function withAgain(
  results: readonly TestResult[],
  again: readonly TestResult[],
): readonly TestResult[] {
  const byName = new Map(again.map((result) => [result.name, result]));
  return results.map((first) => {
    const second = byName.get(first.name);
    if (!second) return first;
    const { outcome, message } = first.before ?? first;
    return { ...second, before: { outcome, ...(message && { message }) } };
  });
}

/** The first line of what the suite says; it often begins with an empty one. */
export function firstLine(message = ''): string {
  return message.trim().split('\n')[0] ?? '';
}
