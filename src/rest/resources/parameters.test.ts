import { describe, expect, it } from '@jest/globals';
import { labelSelector } from './parameters.ts';

describe('a label selector', () => {
  it.each([
    'env',
    '!env',
    ' ! env ,tier',
    'env=prod',
    'env = prod , team!=a',
    'env==',
    'example.com/env in (a, b,c)',
    'env notin ( a , , b )',
    'env in ()',
    'x.y_z-1=1.2',
  ])('takes %j', (selector) => {
    expect(labelSelector.safeParse(selector).success).toBe(true);
  });

  it.each([
    '',
    ',',
    'env=prod,',
    'a b',
    'xin (a)',
    'env in a',
    'env in (a',
    '=a',
    'env=a b',
    'env>1',
    '-env',
    'env=-',
  ])('refuses %j', (selector) => {
    expect(labelSelector.safeParse(selector).success).toBe(false);
  });

  it.each([
    ['an unfinished set', `a in (${', '.repeat(2_000)}`],
    ['spaces', `a${' '.repeat(4_000)}b`],
    ['spaces after a value', `a=${' '.repeat(4_000)},,`],
    ['words in an unfinished set', `a in (${'b ,'.repeat(1_300)}`],
    ['dots', 'a.'.repeat(2_000)],
    ['one letter', 'a'.repeat(4_096)],
  ])('is done at once with %s', (_, selector) => {
    expect(labelSelector.safeParse(selector).success).toBe(false);
  });
});
