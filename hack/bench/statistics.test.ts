import { describe, expect, it } from '@jest/globals';
import { percentile } from './statistics.ts';

describe('percentile', () => {
  it('is the nearest rank', () => {
    expect(percentile([15, 20, 35, 40, 50], 0.5)).toBe(35);
    expect(percentile([15, 20, 35, 40, 50], 0.99)).toBe(50);
    expect(percentile([7], 0.5)).toBe(7);
  });
});
