import { describe, expect, it } from '@jest/globals';
import { findFault } from './health.ts';
import type { ServerFacts } from './health.ts';

const well: ServerFacts = {
  versionNumber: 180_004,
  version: '18.4',
  standby: false,
  readOnly: false,
  superuser: true,
  connections: 10,
  connectionLimit: 100,
  sizeBytes: 1,
  synchronousCommit: true,
  trustingLines: [],
};

describe('findFault', () => {
  it('has nothing to say of a server that is well', () => {
    expect(findFault(well)).toBeUndefined();
    expect(findFault({ ...well, versionNumber: 140_000, version: '14.0' })).toBeUndefined();
    expect(findFault({ ...well, connections: 89 })).toBeUndefined();
    expect(findFault({ ...well, standby: true, readOnly: true })).toBeUndefined();
  });

  it.each<[Partial<ServerFacts>, string]>([
    [{ versionNumber: 130_021, version: '13.21' }, 'upgrade to 14'],
    [{ superuser: false }, 'ALTER ROLE … SUPERUSER'],
    [{ trustingLines: [3, 7] }, '(`trust` in line 3, 7): use `cert`'],
    [{ synchronousCommit: false }, 'set synchronous_commit = on'],
    [{ readOnly: true }, 'set default_transaction_read_only = off'],
    [{ connections: 90 }, 'nearly all of 100 connections are in use: raise max_connections'],
  ])('%j: says what to do', (facts, message) => {
    expect(findFault({ ...well, ...facts })).toContain(message);
  });
});
