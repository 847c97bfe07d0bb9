/** Milliseconds of the intervals of a source: what it knows of. */
const coverages = ['resources_ms', 'storage_ms', 'requests_ms'] as const;

/** Columns of `usage_rollup` that add up. */
export const sums = [
  'running_ms',
  'stopped_ms',
  'cpu_seconds',
  'memory_byte_seconds',
  'storage_byte_seconds',
  'requests',
  ...coverages,
] as const;

export type RollupColumn = (typeof sums)[number];

/** A row of `usage_sample` with the columns of `usage_rollup`. */
export const widened = [
  ...sums.map((column) => (isCoverage(column) ? `${lengthOf(column)} AS ${column}` : column)),
  'storage_bytes',
  "CASE WHEN source = 'storage' THEN ended_at END AS storage_at",
].join(', ');

function isCoverage(column: RollupColumn): column is (typeof coverages)[number] {
  return (coverages as readonly string[]).includes(column);
}

function lengthOf(column: (typeof coverages)[number]): string {
  const source = column.replace(/_ms$/, '');
  return `CASE WHEN source = '${source}' THEN (extract(epoch FROM ended_at - started_at) * 1000)::bigint END`;
}
