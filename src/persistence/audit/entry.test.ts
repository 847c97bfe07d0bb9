import { describe, expect, it } from '@jest/globals';
import { someAuditFacts } from '../../../test/support/audit-facts.ts';
import { chain, emptyHead, formatHead, hashOf, parseHead } from './entry.ts';

const facts = someAuditFacts({ exchange: '11111111-1111-4111-8111-111111111111', details: { b: 1, a: 'x' } });

describe('the hash of an entry', () => {
  it('stays what it is: entries of years ago have to fit', () => {
    expect(hashOf(facts, 1n, emptyHead.hash).toString('hex')).toBe(
      '2e823274940a3177988c496babfa7e4f201570f8bacaf837d965b30db42ea15d',
    );
  });

  it('does not depend on the order of members', () => {
    const same = { ...facts, details: { a: 'x', b: 1 } };
    expect(hashOf(same, 1n, emptyHead.hash)).toEqual(hashOf(facts, 1n, emptyHead.hash));
  });

  it.each(Object.keys(facts) as (keyof typeof facts)[])('depends on %s', (member) => {
    const others = { time: new Date(0), groups: ['platform'], details: { a: 'y' }, status: 500 } as const;
    const other = { ...facts, [member]: member in others ? others[member as 'time'] : 'other' };
    expect(hashOf(other, 1n, emptyHead.hash)).not.toEqual(hashOf(facts, 1n, emptyHead.hash));
  });

  it('tells apart what only looks alike when it is put in a row', () => {
    const one = { ...facts, groups: ['a', 'b'] };
    const two = { ...facts, groups: ['a,b'] };
    expect(hashOf(one, 1n, emptyHead.hash)).not.toEqual(hashOf(two, 1n, emptyHead.hash));
  });
});

it('a head is read as it was written', () => {
  const [, last = emptyHead] = chain(emptyHead, [facts, facts]);
  expect(parseHead(formatHead(last))).toEqual({ sequence: 2n, hash: last.hash });
  expect(parseHead(formatHead(emptyHead))).toEqual(emptyHead);
  expect(parseHead('2:xyz')).toBeUndefined();
});
