import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { add, type Amounts, dimensions, type Hard, nothing } from './amounts.ts';
import { type Claim, explainShortage, shareOut } from './room.ts';

const small = fc.nat({ max: 6 });
const amounts: fc.Arbitrary<Amounts> = fc.record({
  controlPlanes: fc.constant(1),
  cpu: small,
  memory: small,
  storageBytes: small,
});
const hard: fc.Arbitrary<Hard> = fc.record(
  { controlPlanes: small, cpu: fc.nat(20), memory: fc.nat(20), storageBytes: fc.nat(20) },
  { requiredKeys: [] },
);
const claims: fc.Arbitrary<Claim[]> = fc.uniqueArray(
  fc.record(
    {
      uid: fc.string({ minLength: 1, maxLength: 3 }),
      created: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'),
      holds: amounts,
      wants: amounts,
    },
    { requiredKeys: ['uid', 'created'] },
  ),
  { selector: ({ uid }) => uid, maxLength: 8 },
);

const one = (cpu: number): Amounts => ({ ...nothing, controlPlanes: 1, cpu });
const born = (uid: string, cpu: number): Claim => ({ uid, created: uid, holds: one(cpu), wants: one(cpu) });
const unborn = (uid: string, cpu: number): Claim => ({ uid, created: uid, wants: one(cpu) });

describe('shareOut', () => {
  it('gives to the oldest first, and passes over what is too much', () => {
    const { granted, used } = shareOut({ cpu: 5 }, [
      unborn('c', 1),
      unborn('b', 4),
      unborn('a', 2),
      unborn('d', 2),
    ]);
    expect([...granted].toSorted()).toEqual(['a', 'c', 'd']);
    expect(used.cpu).toBe(5);
  });

  it('keeps what was given when there is less, and gives nothing more', () => {
    const shares = shareOut({ controlPlanes: 1 }, [born('a', 1), born('b', 1), unborn('c', 1)]);
    expect(shares.granted).toEqual(new Set(['a', 'b']));
    expect(shares.used.controlPlanes).toBe(2);
  });

  it('gives an older one that was made smaller its room to a younger one in the same turn', () => {
    const smaller = { ...born('z', 4), wants: one(1) };
    expect(shareOut({ cpu: 4 }, [unborn('a', 3), smaller]).granted).toEqual(new Set(['z', 'a']));
  });

  it('asks only whether there is room for what grows', () => {
    const moreMemory = { ...born('a', 9), wants: { ...one(9), memory: 1 } };
    expect(shareOut({ cpu: 5, memory: 1 }, [moreMemory]).granted).toEqual(new Set(['a']));
  });

  it('never gives more than there is, but for what was given before', () => {
    fc.assert(
      fc.property(hard, claims, (limits, all) => {
        const before = all.map(({ holds }) => holds ?? nothing).reduce(add, nothing);
        const { used, granted } = shareOut(limits, all);
        const after = all.map((each) => (granted.has(each.uid) ? each.wants : each.holds) ?? nothing);

        expect(used).toEqual(after.reduce(add, nothing));
        for (const name of dimensions) {
          expect(used[name]).toBeLessThanOrEqual(Math.max(before[name], limits[name] ?? Infinity));
        }
      }),
    );
  });

  it('leaves nobody waiting who would fit', () => {
    fc.assert(
      fc.property(hard, claims, (limits, all) => {
        const { granted, used } = shareOut(limits, all);
        for (const claim of all) {
          if (claim.wants && !granted.has(claim.uid))
            expect(explainShortage(limits, used, claim)).not.toBe('');
        }
      }),
    );
  });

  it('does not depend on the order in which it is told of claims, and is stable once done', () => {
    fc.assert(
      fc.property(hard, claims, fc.infiniteStream(fc.nat()), (limits, all, numbers) => {
        const { granted, used } = shareOut(limits, all);
        const order = new Map(all.map(({ uid }) => [uid, numbers.next().value as number]));
        const shuffled = all.toSorted((a, b) => (order.get(a.uid) ?? 0) - (order.get(b.uid) ?? 0));
        expect(shareOut(limits, shuffled)).toEqual({ granted, used });

        const settled = all.map((each) => (granted.has(each.uid) ? { ...each, holds: each.wants } : each));
        expect(shareOut(limits, settled)).toEqual({ granted, used });
      }),
    );
  });
});

describe('explainShortage', () => {
  it('says of each limit what is used, what there is and what is wanted', () => {
    const claim = {
      uid: 'a',
      created: '',
      wants: { controlPlanes: 1, cpu: 250, memory: 2 ** 30, storageBytes: 0 },
    };
    const used = { controlPlanes: 3, cpu: 900, memory: 2 ** 30, storageBytes: 0 };
    expect(explainShortage({ controlPlanes: 3, cpu: 1000, memory: 2 ** 40 }, used, claim)).toBe(
      'controlPlanes: 3 of 3 in use, 1 more wanted; cpu: 900m of 1 in use, 250m more wanted',
    );
  });
});
