/** Rows of text in columns as wide as their widest cell, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const formatRow = (row: readonly string[]): string =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  ');
  return rows.map((row) => formatRow(row).trimEnd()).join('\n');
}

function pad(cell: string, width: number): string {
  return /^[\d-]/.test(cell) ? cell.padStart(width) : cell.padEnd(width);
}

/** `0.4 s`, `21 s`, `3 min 05 s` */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
