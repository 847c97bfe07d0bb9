import { describe, expect, it } from '@jest/globals';
import { evaluateLease, heldSpec, microTime } from './lease.ts';

const now = new Date('2026-01-01T00:00:10Z');
const other = { holderIdentity: 'other', leaseDurationSeconds: 8 };

describe('evaluateLease', () => {
  it.each([
    ['there is none', undefined, { action: 'acquire' }],
    ['it was given up', { spec: { leaseDurationSeconds: 1 }, sinceMs: 0 }, { action: 'acquire' }],
    ['it is mine', { spec: { ...other, holderIdentity: 'me' }, sinceMs: 0 }, { action: 'renew' }],
    [
      'it is mine, though long not renewed',
      { spec: { ...other, holderIdentity: 'me' }, sinceMs: -1e6 },
      { action: 'renew' },
    ],
    ['it was just renewed', { spec: other, sinceMs: 10_000 }, { action: 'wait', ms: 8_000 }],
    ['it is almost over', { spec: other, sinceMs: 2_001 }, { action: 'wait', ms: 1 }],
    ['it is over', { spec: other, sinceMs: 2_000 }, { action: 'acquire' }],
  ] as const)('when %s', (_, observed, decision) => {
    expect(evaluateLease(observed, 'me', 10_000)).toEqual(decision);
  });

  it('ignores the times in the lease, which are of another clock', () => {
    const spec = { ...other, renewTime: microTime(new Date('2020-01-01T00:00:00Z')) };

    expect(evaluateLease({ spec, sinceMs: 10_000 }, 'me', 10_000)).toEqual({ action: 'wait', ms: 8_000 });
  });
});

describe('heldSpec', () => {
  it('counts a change of holder and dates it', () => {
    expect(heldSpec({ ...other, leaseTransitions: 4, acquireTime: 'then' }, 'me', now, 8_000)).toEqual({
      holderIdentity: 'me',
      leaseDurationSeconds: 8,
      acquireTime: '2026-01-01T00:00:10.000000Z',
      renewTime: '2026-01-01T00:00:10.000000Z',
      leaseTransitions: 5,
    });
  });

  it('keeps both when the holder renews', () => {
    const before = { holderIdentity: 'me', leaseTransitions: 4, acquireTime: 'then' };

    expect(heldSpec(before, 'me', now, 8_000)).toMatchObject({ acquireTime: 'then', leaseTransitions: 4 });
  });
});
