import { stringify } from 'yaml';
import { type Column, renderTable } from './table.ts';

export const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

/** Whether a person reads it, and not a program. */
export function isForPeople(format: Format): boolean {
  return format === 'table' || format === 'wide';
}

/** How one kind of thing is shown. */
export interface View<T> {
  /** In `-o name`, e.g. `controlplane`. */
  readonly noun: string;
  readonly nameOf: (item: T) => string;
  readonly columns: readonly Column<T>[];
}

/** Text without the last line break. */
export function renderList<T>(items: readonly T[], view: View<T>, format: Format): string {
  if (format === 'json') return JSON.stringify({ items }, undefined, 2);
  if (format === 'yaml') return toYaml({ items });
  if (format === 'name') return items.map((item) => nameLine(item, view)).join('\n');
  return items.length === 0 ? '' : renderTable(items, view.columns, format === 'wide');
}

export function renderOne<T>(item: T, view: View<T>, format: Format): string {
  if (format === 'json') return JSON.stringify(item, undefined, 2);
  if (format === 'yaml') return toYaml(item);
  if (format === 'name') return nameLine(item, view);
  return renderTable([item], view.columns, format === 'wide');
}

function nameLine<T>(item: T, { noun, nameOf }: View<T>): string {
  return `${noun}/${nameOf(item)}`;
}

function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
}
