import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { renderList, renderOne, type View } from './format.ts';
import { renderFacts } from './table.ts';

const view: View<{ readonly name: string; readonly size?: number; readonly note?: string }> = {
  noun: 'thing',
  nameOf: ({ name }) => name,
  columns: [
    { title: 'name', of: ({ name }) => name },
    { title: 'size', of: ({ size }) => size },
    { title: 'note', of: ({ note }) => note, isWide: true },
  ],
};
const items = [
  { name: 'a', size: 0 },
  { name: 'longer', note: 'red\u001b[31m\nline' },
];

describe('what is shown', () => {
  it('is a table with aligned columns, and no lines that others wrote', () => {
    expect(renderList(items, view, 'table')).toBe(['NAME     SIZE', 'a        0', 'longer   -'].join('\n'));
    expect(renderList(items, view, 'wide').split('\n')[2]).toBe('longer   -      red [31m line');
  });

  it('is for programs whole, and the same in JSON and YAML', () => {
    expect(JSON.parse(renderList(items, view, 'json'))).toEqual({ items });
    expect(parse(renderList(items, view, 'yaml'))).toEqual({ items });
    expect(parse(renderOne(items[1]!, view, 'yaml'))).toEqual(items[1]);
  });

  it('is names alone', () => {
    expect(renderList(items, view, 'name')).toBe('thing/a\nthing/longer');
  });

  it('is nothing for people where there is nothing, and an empty list for programs', () => {
    expect(renderList([], view, 'table')).toBe('');
    expect(JSON.parse(renderList([], view, 'json'))).toEqual({ items: [] });
  });

  it('is facts, without those that are not there', () => {
    expect(
      renderFacts([
        ['A', 1],
        ['Longer', 'x'],
        ['None', undefined],
      ]),
    ).toBe('A:       1\nLonger:  x');
  });
});
