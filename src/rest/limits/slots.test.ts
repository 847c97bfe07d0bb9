import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.ts';

describe('slots', () => {
  it('are taken until there are none, and again when one is given back', () => {
    const slots = new Slots(2);
    const release = slots.take();
    slots.take();

    expect(slots.take()).toBeUndefined();
    release?.();
    expect(slots.take()).toBeDefined();
  });

  it('are given back once, however often that is said', () => {
    const slots = new Slots(2);
    const release = slots.take();
    slots.take();

    release?.();
    release?.();

    expect(slots.take()).toBeDefined();
    expect(slots.take()).toBeUndefined();
  });

  it('are not all for one', () => {
    const slots = new Slots(3, 2);
    const release = slots.take('a');
    slots.take('a');

    expect(slots.take('a')).toBeUndefined();
    expect(slots.take('b')).toBeDefined();
    expect(slots.take('c')).toBeUndefined();
    release?.();
    expect(slots.take('a')).toBeDefined();
  });
});
