import { describe, expect, it } from '@jest/globals';
import { someAuditFacts } from '../../../test/support/audit-facts.ts';
import { type AuditEntry, chain, emptyHead, hashOf } from './entry.ts';
import { verify, type VerifyOptions } from './verify.ts';

const whole = chain(
  emptyHead,
  Array.from({ length: 7 }, () => someAuditFacts()),
);

async function* inPages(entries: readonly AuditEntry[]): AsyncGenerator<readonly AuditEntry[]> {
  for (let start = 0; start < entries.length; start += 3) yield entries.slice(start, start + 3);
}

const judge = (entries: readonly AuditEntry[], options?: VerifyOptions) => verify(inPages(entries), options);
const at = (index: number): AuditEntry => whole[index]!;

/** As it is with one entry another. */
const replaced = (index: number, entry: AuditEntry) => whole.with(index, entry);

describe('a chain', () => {
  it('that is whole has its last entry as head', async () => {
    expect(await judge(whole, { expectedHead: at(4) })).toEqual({
      count: 7n,
      head: at(6),
      finding: undefined,
    });
  });

  it('without entries is whole', async () => {
    expect(await judge([])).toEqual({ count: 0n, head: emptyHead, finding: undefined });
  });

  it.each<[string, readonly AuditEntry[], string, bigint]>([
    ['an entry with other contents', replaced(3, { ...at(3), username: 'eve' }), 'Altered', 4n],
    ['an entry with another hash', replaced(3, { ...at(3), hash: at(2).hash }), 'Altered', 4n],
    [
      'an entry that was written anew, hash and all',
      replaced(3, { ...at(3), username: 'eve', hash: hashOf({ ...at(3), username: 'eve' }, 4n, at(2).hash) }),
      'Detached',
      5n,
    ],
    ['no first entry', whole.slice(1), 'Missing', 1n],
    ['none between two', whole.toSpliced(3, 1), 'Missing', 4n],
    [
      'two that changed places',
      replaced(2, { ...at(3), sequence: 3n }).with(3, { ...at(2), sequence: 4n }),
      'Detached',
      3n,
    ],
    ['one twice', whole.toSpliced(3, 0, at(2)), 'Detached', 3n],
  ])('with %s does not fit there', async (_, entries, fault, sequence) => {
    const { finding, count } = await judge(entries);
    expect(finding).toEqual({ fault, sequence });
    expect(count).toBeLessThan(7n);
  });

  it('whose end was cut off fits, but not to a head that was noted', async () => {
    const cut = whole.slice(0, 5);
    expect((await judge(cut)).finding).toBeUndefined();
    expect((await judge(cut, { expectedHead: at(6) })).finding).toEqual({ fault: 'Truncated', sequence: 6n });
    expect((await judge([], { expectedHead: at(6) })).finding).toEqual({ fault: 'Truncated', sequence: 1n });
  });

  it('that was written anew as a whole fits, but not to a head that was noted', async () => {
    const anew = chain(
      emptyHead,
      whole.map((entry) => ({ ...entry, username: 'eve' })),
    );
    expect((await judge(anew)).finding).toBeUndefined();
    expect((await judge(anew, { expectedHead: at(4) })).finding).toEqual({
      fault: 'Rewritten',
      sequence: 5n,
    });
  });
});
