/** Columns of a kind: what they are called, what is in them, and whether only `-o wide` has them. */
export interface Column<T> {
  readonly title: string;
  readonly of: (item: T) => string | number | boolean | undefined;
  readonly isWide?: boolean;
}

const gap = '   ';

/** Upper-case titles, a line an item, as kubectl has it. */
export function renderTable<T>(items: readonly T[], columns: readonly Column<T>[], isWide = false): string {
  const shown = columns.filter((column) => isWide || !column.isWide);
  const rows = [
    shown.map(({ title }) => title.toUpperCase()),
    ...items.map((item) => shown.map((column) => cell(column.of(item)))),
  ];
  const widths = shown.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}

/** `key: value` lines, aligned; what has no value is left out. */
export function renderFacts(
  facts: readonly (readonly [string, string | number | boolean | undefined])[],
): string {
  const there = facts.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...there.map(([name]) => name.length));
  return there
    .map(([name, value]) => `${`${name}:`.padEnd(width + 1)}  ${printable(String(value))}`)
    .join('\n');
}

function cell(value: string | number | boolean | undefined): string {
  return value === undefined || value === '' ? '-' : printable(String(value));
}

/** What comes from a server steers no terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}
