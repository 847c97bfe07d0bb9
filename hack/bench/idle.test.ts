import { describe, expect, it } from '@jest/globals';
import { countByServer } from './api-server.ts';
import { changes, demandsOf, type IdleResult } from './idle.ts';

const quiet: IdleResult = {
  count: 3,
  minutes: 10,
  resyncSeconds: 300,
  requests: new Map([
    ['watch pods', 2],
    ['list secrets', 1],
    ['probe', 4],
    ['patch leases', 300],
  ]),
  tenantRequests: new Map([['get configmaps', 9]]),
  counted: { reads: 7, leases: 600, writes: 0 },
  changedObjects: [],
  managerCpuSeconds: 3,
  managerResidentBytes: 1,
  restarts: 0,
  load: 1,
};

describe('demandsOf an idle fleet', () => {
  it('allow reads and Leases', () => {
    expect(demandsOf(quiet).filter(({ isMet }) => !isMet)).toEqual([]);
  });

  it.each([
    ['a write that Marina counts', { requests: new Map([['apply tenantcontrolplanes/status', 1]]) }],
    ['a write that the API server counts', { counted: { reads: 0, leases: 0, writes: 1 } }],
    ['an object that has changed', { changedObjects: ['secrets a/b'] }],
    ['a restart', { restarts: 1 }],
  ])('do not allow %s', (_what, change) => {
    expect(demandsOf({ ...quiet, ...change }).filter(({ isMet }) => !isMet)).toHaveLength(1);
  });
});

describe('changes', () => {
  it('are what has another value, has come or has gone', () => {
    const before = new Map([
      ['kept', '1'],
      ['changed', '1'],
      ['gone', '1'],
    ]);
    const after = new Map([
      ['kept', '1'],
      ['changed', '2'],
      ['come', '1'],
    ]);

    expect(changes(before, after)).toEqual(['changed', 'come', 'gone']);
  });
});

describe('countByServer', () => {
  it('reads the growth of the FlowSchemas of one user', () => {
    const before = new Map([
      ['marina-bench-reads', 5],
      ['service-accounts', 100],
    ]);
    const after = new Map([
      ['marina-bench-reads', 8],
      ['marina-bench-leases', 2],
      ['service-accounts', 900],
    ]);

    expect(countByServer(before, after)).toEqual({ reads: 3, leases: 2, writes: 0 });
  });
});
