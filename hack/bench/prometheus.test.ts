import { describe, expect, it } from '@jest/globals';
import { growth, seriesOf, sumBy, sumOf } from './prometheus.ts';

const text = [
  '# TYPE a counter',
  'a{verb="get",resource="pods",code="200"} 3',
  'a{verb="get",resource="pods",code="404"} 1',
  'a{verb="apply",resource="deployments/status",code="200"} 2',
  'a_total 7',
  'b 1e3',
  '',
].join('\n');

describe('sumOf', () => {
  it('adds up the series of one metric and of no other', () => {
    expect(sumOf(text, 'a')).toBe(6);
    expect(sumOf(text, 'b')).toBe(1000);
    expect(sumOf(text, 'c')).toBe(0);
  });
});

describe('sumBy', () => {
  it('adds up what has the same labels', () => {
    expect([...sumBy(seriesOf(text, 'a'), ['verb', 'resource'])]).toEqual([
      ['get pods', 4],
      ['apply deployments/status', 2],
    ]);
  });
});

describe('growth', () => {
  it('is what has come since, new counters from 0', () => {
    const before = new Map([
      ['get', 4],
      ['list', 1],
    ]);
    const after = new Map([
      ['get', 6],
      ['list', 1],
      ['apply', 3],
    ]);

    expect([...growth(before, after)]).toEqual([
      ['get', 2],
      ['apply', 3],
    ]);
  });
});
