import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { etcdPartition } from './partition.ts';
import type { Grant } from './partition.ts';
import { planRepair } from './repair.ts';
import type { ObservedAccess, RepairStep } from './repair.ts';

const partition = etcdPartition('a');
const [data, compaction] = partition.grants as readonly [Grant, Grant];

/** Roles and permissions that are right, wrong or too much, in any mix. */
const grants: fc.Arbitrary<readonly Grant[]> = fc.uniqueArray(
  fc.record({
    permission: fc.constantFrom<Grant['permission']>('Read', 'Write', 'Readwrite'),
    start: fc.constantFrom(data.start, compaction.start, '\0', '/b/'),
    end: fc.constantFrom(data.end, '', '\0', '/b0'),
  }),
  { selector: ({ start, end }) => JSON.stringify([start, end]) },
);
const observations: fc.Arbitrary<ObservedAccess> = fc.record({
  roles: fc.option(fc.uniqueArray(fc.constantFrom('a', 'aa', 'root')), { nil: undefined }),
  grants: fc.option(grants, { nil: undefined }),
});

describe('planRepair', () => {
  it('has nothing to do when all is right', () => {
    expect(planRepair(partition, { roles: ['a'], grants: [compaction, data] })).toEqual([]);
  });

  it('gives the user its role when the role is complete', () => {
    expect(planRepair(partition, { roles: undefined, grants: undefined })).toEqual([
      { do: 'addRole' },
      { do: 'grant', grant: data },
      { do: 'grant', grant: compaction },
      { do: 'addUser' },
      { do: 'grantRole' },
    ]);
  });

  it('takes away before it gives', () => {
    const wide: Grant = { permission: 'Read', start: '\0', end: '\0' };
    expect(planRepair(partition, { roles: ['root'], grants: [data, wide] })).toEqual([
      { do: 'revokeRole', role: 'root' },
      { do: 'revokeGrant', grant: wide },
      { do: 'grant', grant: compaction },
      { do: 'grantRole' },
    ]);
  });

  it('ends at exactly what is wanted, from anywhere, and is done then', () => {
    fc.assert(
      fc.property(observations, (observed) => {
        const repaired = planRepair(partition, observed).reduce(apply, observed);
        expect(repaired.roles).toEqual(['a']);
        expect(new Set(repaired.grants)).toEqual(new Set(partition.grants));
        expect(planRepair(partition, repaired)).toEqual([]);
      }),
    );
  });
});

/** What etcd makes of a step; like etcd, it refuses what cannot be done. */
function apply({ roles, grants: granted }: ObservedAccess, step: RepairStep): ObservedAccess {
  const withoutRange = (grant: Grant) =>
    granted?.filter(({ start, end }) => start !== grant.start || end !== grant.end);
  switch (step.do) {
    case 'revokeRole':
      return { roles: roles?.filter((role) => role !== step.role), grants: granted };
    case 'revokeGrant':
      return { roles, grants: withoutRange(step.grant) };
    case 'addRole':
      if (granted) throw new Error('role name already exists');
      return { roles, grants: [] };
    case 'grant':
      if (!granted) throw new Error('role name not found');
      return { roles, grants: [...(withoutRange(step.grant) ?? []), step.grant] };
    case 'addUser':
      if (roles) throw new Error('user name already exists');
      return { roles: [], grants: granted };
    case 'grantRole':
      if (!roles || !granted) throw new Error('user or role not found');
      return { roles: [...roles, 'a'], grants: granted };
  }
}
