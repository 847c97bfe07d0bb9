import { expect, it } from '@jest/globals';
import { formatDuration, formatTable } from './table.ts';

it('columns line up', () => {
  const table = formatTable([
    ['stage', 'time', 'passed'],
    ['unit', '9.0 s', '120'],
    ['integration', '10 s', '7'],
  ]);

  expect(table).toBe('stage        time   passed\nunit         9.0 s     120\nintegration   10 s       7');
});

it.each([
  [0, '0.0 s'],
  [420, '0.4 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_400, '59 s'],
  [59_600, '1 min 00 s'],
  [185_000, '3 min 05 s'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});
