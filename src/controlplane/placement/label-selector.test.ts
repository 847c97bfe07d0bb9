import { describe, expect, it } from '@jest/globals';
import type { LabelSelector } from '../../api/v1alpha1/label-selector.ts';
import { matches } from './label-selector.ts';

const labels = { tier: 'gold', zone: 'a' };

describe('matches', () => {
  const expression = (
    key: string,
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
    ...values: string[]
  ) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
  });

  it.each<[string, LabelSelector | undefined]>([
    ['nothing', undefined],
    ['an empty selector', {}],
    ['labels', { matchLabels: { tier: 'gold' } }],
    ['In', expression('zone', 'In', 'a', 'b')],
    ['NotIn', expression('zone', 'NotIn', 'b')],
    ['NotIn of a label that there is not', expression('rack', 'NotIn', 'b')],
    ['Exists', expression('zone', 'Exists')],
    ['DoesNotExist', expression('rack', 'DoesNotExist')],
  ])('accepts by %s', (_, selector) => {
    expect(matches(selector, labels)).toBe(true);
  });

  it.each<[string, LabelSelector]>([
    ['labels', { matchLabels: { tier: 'gold', zone: 'b' } }],
    ['In', expression('zone', 'In', 'b')],
    ['In of a label that there is not', expression('rack', 'In', 'a')],
    ['NotIn', expression('zone', 'NotIn', 'a')],
    ['Exists', expression('rack', 'Exists')],
    ['DoesNotExist', expression('zone', 'DoesNotExist')],
    ['one of two', { matchLabels: { tier: 'gold' }, ...expression('rack', 'Exists') }],
  ])('refuses by %s', (_, selector) => {
    expect(matches(selector, labels)).toBe(false);
  });
});
