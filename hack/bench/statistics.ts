/** Nearest-rank percentile; `fraction` in (0, 1]. @throws RangeError for no values */
export function percentile(values: readonly number[], fraction: number): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.ceil(fraction * sorted.length);
  return sorted[Math.max(0, rank - 1)] as number;
}
