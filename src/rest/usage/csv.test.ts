import { describe, expect, it } from '@jest/globals';
import { toCsv } from './csv.ts';

describe('CSV', () => {
  it('has a header, quotes what has to be quoted, and leaves out what is not known', () => {
    expect(
      toCsv(
        ['a', 'b', 'c'],
        [
          ['x,y', 'say "no"', null],
          ['two\nlines', 1.5, undefined],
        ],
      ),
    ).toBe('a,b,c\r\n"x,y","say ""no""",\r\n"two\nlines",1.5,\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1'])('has no formula for a spreadsheet: %j', (text) => {
    expect(toCsv(['a'], [[text]])).toBe(`a\r\n'${text}\r\n`);
    expect(toCsv(['a'], [[-1]])).toBe('a\r\n-1\r\n');
  });
});
