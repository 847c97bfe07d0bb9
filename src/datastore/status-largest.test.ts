import { describe, expect, it } from '@jest/globals';
import { nameLargest, type Owned, tellLargest } from './status-largest.ts';

const mebibyte = 2 ** 20;

function partitions(...mebibytes: number[]): readonly Owned[] {
  return mebibytes.map((each, index) => ({ id: `t${index}`, bytes: each * mebibyte, keys: each }));
}

describe('tellLargest', () => {
  const told = tellLargest(undefined, partitions(300, 4, 3), undefined);

  it('tells what was measured first, with whose it is', () => {
    expect(
      tellLargest(undefined, [{ id: 't1', owner: 'team-a/blue', bytes: 5, keys: 2 }], undefined),
    ).toEqual([{ partition: 't1', tenantControlPlane: 'team-a/blue', bytes: 5, keys: 2 }]);
    expect(tellLargest(undefined, [], undefined)).toBeUndefined();
  });

  it('stays as it is while small ones change places and a large one moves a little', () => {
    expect(tellLargest(told, partitions(340, 3, 9, 5), undefined)).toBe(told);
    expect(tellLargest(told, undefined, undefined)).toBe(told);
  });

  it.each([
    ['one grows', partitions(300, 68)],
    ['one that was not in it is large now', partitions(300, 4, 3, 64)],
    ['one shrinks', partitions(230, 4, 3)],
    ['a large one is gone', []],
  ])('is told again when %s', (_, measured) => {
    expect(tellLargest(told, measured, undefined)).toHaveLength(measured.length);
    expect(tellLargest(told, measured, undefined)).not.toBe(told);
  });

  it('is told sooner of a store that may hold little', () => {
    expect(tellLargest(told, partitions(300, 8, 3), 64 * mebibyte)).not.toBe(told);
  });
});

describe('nameLargest', () => {
  it('says whose it is, or that it is nobody’s', () => {
    const size = { id: 't1', bytes: 812 * mebibyte, keys: 40_000 };

    expect(nameLargest([{ ...size, owner: 'team-a/blue' }])).toBe('team-a/blue (812 MiB, 40,000 keys)');
    expect(nameLargest([size])).toBe('partition t1 of nobody (812 MiB, 40,000 keys)');
    expect(nameLargest([])).toBeUndefined();
  });
});
