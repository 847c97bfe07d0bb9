/** One sample of the Prometheus text format. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All series of one metric. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function seriesOf(text: string, metric: string): readonly Series[] {
  const series: Series[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric} `) && !line.startsWith(`${metric}{`)) continue;
    const labels: Record<string, string> = {};
    for (const [, name = '', value = ''] of line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = value;
    series.push({ labels, value: Number(line.slice(line.lastIndexOf(' ') + 1)) });
  }
  return series;
}

/** The sum over all series of one metric. */
export function sumOf(text: string, metric: string): number {
  return seriesOf(text, metric).reduce((sum, { value }) => sum + value, 0);
}

/** Sums by the values of these labels, joined by a space. */
export function sumBy(series: readonly Series[], labels: readonly string[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const each of series) {
    const key = labels.map((label) => each.labels[label] ?? '').join(' ');
    sums.set(key.trim(), (sums.get(key.trim()) ?? 0) + each.value);
  }
  return sums;
}

/** How much each counter has grown; what has not is left out. A counter that is new began at 0. */
export function growth(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const grown = [...after].map(([key, value]) => [key, value - (before.get(key) ?? 0)] as const);
  return new Map(grown.filter(([, value]) => value !== 0));
}
