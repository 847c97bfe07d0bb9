import { describe, expect, it } from '@jest/globals';
import type { MemberStatus } from './member-status.ts';
import { planReclaim as plan } from './space.ts';

const full: MemberStatus = {
  version: '3.7.3',
  clusterId: '1',
  memberId: '1',
  leaderId: '1',
  revision: '100',
  sizeBytes: 1000,
  inUseBytes: 400,
  quotaBytes: 1000,
  errors: ['memberID:1 alarm:NOSPACE '],
};

/** Members `a`, `b`, `c` of which `a` leads; each with what the test says of it. */
function three(...said: readonly (Partial<MemberStatus> | 'silent')[]) {
  const members = ['a', 'b', 'c'].map((endpoint, index) => {
    const status = said[index] ?? {};
    return [
      endpoint,
      status === 'silent' ? undefined : { ...full, memberId: `${index + 1}`, ...status },
    ] as const;
  });
  return new Map(members);
}

function planReclaim(
  members: ReadonlyMap<string, MemberStatus | undefined>,
  compacted: boolean,
  ...unsure: string[]
) {
  return plan({ members, compacted, unsure: new Set(unsure) });
}

describe('planReclaim', () => {
  it('does nothing to a store that takes writes', () => {
    expect(planReclaim(three({ errors: [] }, { errors: [] }, { errors: [] }), false)).toEqual({
      do: 'nothing',
      result: { state: 'Writable' },
    });
  });

  it('removes history first', () => {
    expect(planReclaim(three(), false)).toEqual({ do: 'compact' });
  });

  it('defragments the leader last, and of the others the one that gives back most first', () => {
    const done = { sizeBytes: 400 };

    expect(planReclaim(three({}, {}, { inUseBytes: 390 }), true)).toEqual({
      do: 'defragment',
      endpoint: 'c',
    });
    expect(planReclaim(three({}, {}, done), true)).toEqual({ do: 'defragment', endpoint: 'b' });
    expect(planReclaim(three({}, done, done), true)).toEqual({ do: 'defragment', endpoint: 'a' });
    expect(planReclaim(three(done, done, done), true)).toEqual({ do: 'disarm' });
  });

  it('waits while a member does not answer: another one that is silent would be one too many', () => {
    expect(planReclaim(three({}, 'silent', {}), true)).toMatchObject({
      do: 'nothing',
      result: { state: 'Underway', message: expect.stringContaining('do not: b') },
    });
  });

  it('waits for a leader', () => {
    expect(planReclaim(three({}, { leaderId: '0' }, {}), true)).toMatchObject({
      do: 'nothing',
      result: { state: 'Underway' },
    });
  });

  it('waits for a member that is still removing history', () => {
    const done = { sizeBytes: 400 };
    const behind = three(done, { inUseBytes: 1000 }, done);

    expect(planReclaim(behind, true)).toMatchObject({ do: 'nothing', result: { state: 'Underway' } });
  });

  it('says so when what is left is live', () => {
    const live = { inUseBytes: 960 };

    expect(planReclaim(three(live, live, live), true)).toMatchObject({
      do: 'nothing',
      result: { state: 'Exhausted', message: expect.stringContaining('--quota-backend-bytes') },
    });
  });

  it('defragments a member that has just removed history, and does not say yet what that gives back', () => {
    const stale = { inUseBytes: 990 };

    expect(planReclaim(three(stale, stale, stale), true, 'a', 'b')).toEqual({
      do: 'defragment',
      endpoint: 'b',
    });
  });

  it('does not defragment again for what the last time did not give back', () => {
    const tight = { sizeBytes: 860, inUseBytes: 840 };

    expect(planReclaim(three(tight, tight, tight), true)).toMatchObject({
      do: 'nothing',
      result: { state: 'Exhausted' },
    });
  });

  it('disarms at once after the quota was raised', () => {
    const raised = { quotaBytes: 2000 };

    expect(planReclaim(three(raised, raised, raised), true)).toEqual({ do: 'disarm' });
  });
});
