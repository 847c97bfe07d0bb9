import { describe, expect, it } from '@jest/globals';
import { mergeApplied } from './field-ownership.ts';

describe('an apply in the simulated API server', () => {
  it('takes away what its manager gave up, and leaves what others own or nobody does', () => {
    const first = mergeApplied({ data: { theirs: '1' } }, { data: { a: '1', b: '1', c: '1' } }, none, []);
    const others = [new Set(['data\u0000b'])];

    const second = mergeApplied(first.object, { data: { a: '2' } }, first.owned, others);

    expect(second.object).toEqual({ data: { theirs: '1', a: '2', b: '1' } });
  });

  it('tells the elements of keyed lists apart', () => {
    const live = { spec: { ports: [{ port: 1, protocol: 'TCP', nodePort: 30_001 }] } };
    const applied = {
      spec: {
        ports: [
          { port: 1, protocol: 'TCP' },
          { port: 2, protocol: 'TCP' },
        ],
      },
    };

    const both = mergeApplied(live, applied, none, []);
    expect(both.object).toEqual({
      spec: {
        ports: [
          { port: 1, protocol: 'TCP', nodePort: 30_001 },
          { port: 2, protocol: 'TCP' },
        ],
      },
    });

    const one = mergeApplied(
      both.object,
      { spec: { ports: [{ port: 2, protocol: 'TCP' }] } },
      both.owned,
      [],
    );
    expect(one.object).toEqual({ spec: { ports: [{ port: 2, protocol: 'TCP' }] } });
  });

  it('owns other lists and selectors whole', () => {
    const live = { args: ['a', 'b'], spec: { selector: { old: '1' } } };

    const { object } = mergeApplied(live, { args: ['c'], spec: { selector: { new: '1' } } }, none, []);

    expect(object).toEqual({ args: ['c'], spec: { selector: { new: '1' } } });
  });
});

const none: ReadonlySet<string> = new Set();
