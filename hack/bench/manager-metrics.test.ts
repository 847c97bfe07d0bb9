import { describe, expect, it } from '@jest/globals';
import { sumOf } from './manager-metrics.ts';

describe('sumOf', () => {
  it('adds up the series of one metric and of no other', () => {
    const text = '# TYPE a counter\na{code="200"} 3\na{code="404"} 1\na_total 7\nb 1e3\n';

    expect(sumOf(text, 'a')).toBe(4);
    expect(sumOf(text, 'b')).toBe(1000);
  });
});
