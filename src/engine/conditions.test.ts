import { describe, expect, it } from '@jest/globals';
import { findCondition, isTrue, removeCondition, setCondition, setConditions } from './conditions.ts';

const early = new Date('2026-01-01T00:00:00.900Z');
const late = new Date('2026-01-01T01:00:00Z');
const notReady = {
  type: 'Ready',
  status: 'False',
  reason: 'Starting',
  message: 'starting',
  observedGeneration: 1,
} as const;

describe('setCondition', () => {
  it('adds a condition, dated in whole seconds', () => {
    expect(setCondition(undefined, notReady, early)).toEqual([
      { ...notReady, lastTransitionTime: '2026-01-01T00:00:00Z' },
    ]);
  });

  it('keeps the time while the status stays, and moves it when the status changes', () => {
    const first = setCondition([], notReady, early);
    const reworded = setCondition(first, { ...notReady, message: 'still starting' }, late);
    const ready = setCondition(reworded, { ...notReady, status: 'True' }, late);

    expect(reworded[0]).toMatchObject({
      message: 'still starting',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    expect(ready[0]?.lastTransitionTime).toBe('2026-01-01T01:00:00Z');
  });

  it('gives back the very same array when nothing changes', () => {
    const first = setCondition([], notReady, early);

    expect(setCondition(first, notReady, late)).toBe(first);
    expect(setConditions(first, [notReady], late)).toBe(first);
    expect(setCondition(first, { ...notReady, observedGeneration: 2 }, late)).not.toBe(first);
  });

  it('cuts a message that is too long, never through a character, and stays the same when set again', () => {
    const message = '😀'.repeat(5000);
    const first = setCondition([], { ...notReady, message }, early);
    const cut = first[0]?.message ?? '';

    expect(cut.length).toBeLessThanOrEqual(2048);
    expect(cut.isWellFormed()).toBe(true);
    expect(setCondition(first, { ...notReady, message }, late)).toBe(first);
  });

  it('leaves the others and their order alone', () => {
    const both = setConditions([], [notReady, { ...notReady, type: 'Other' }], early);

    expect(setCondition(both, { ...notReady, status: 'True' }, late).map(({ type }) => type)).toEqual([
      'Ready',
      'Other',
    ]);
    expect(removeCondition(both, 'Ready')).toEqual([both[1]]);
    expect(removeCondition(both, 'None')).toBe(both);
    expect(findCondition(both, 'Other')).toBe(both[1]);
  });
});

describe('isTrue', () => {
  it('can ask for a generation of the spec', () => {
    const ready = setCondition([], { ...notReady, status: 'True' }, early);

    expect(isTrue(ready, 'Ready')).toBe(true);
    expect(isTrue(ready, 'Ready', 1)).toBe(true);
    expect(isTrue(ready, 'Ready', 2)).toBe(false);
    expect(isTrue(undefined, 'Ready')).toBe(false);
  });
});
