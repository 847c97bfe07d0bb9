import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { postgresPartition } from './partition.ts';
import { wantedAttributes } from './repair.ts';
import { deletionWrites, repairWrite } from './statements.ts';

const partition = postgresPartition('a-b');
const role = { ...wantedAttributes, connectionLimit: 24, hasPassword: false };
const database = { owner: 'marina', template: false, connectable: true, grants: [] };
const observed = { self: 'marina', role, memberships: [], tracesIn: [], open: [], database };
const hostile = 'x"; DROP ROLE marina; --';

function spell(write: ReturnType<typeof repairWrite>): string {
  return write.sql(pg.escapeIdentifier);
}

describe('repairWrite', () => {
  it('gives a role nothing but its login', () => {
    expect(spell(repairWrite(partition, { do: 'createRole' }))).toBe(
      'CREATE ROLE "a-b" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 24',
    );
  });

  it('changes what is wrong with a role only', () => {
    const step = { do: 'alterRole', wrong: ['superuser', 'password'] } as const;
    expect(spell(repairWrite(partition, step))).toBe('ALTER ROLE "a-b" NOSUPERUSER PASSWORD NULL');
  });

  it('quotes what others have named', () => {
    const membership = { role: hostile, member: 'a-b', grantor: hostile };
    const quoted = '"x""; DROP ROLE marina; --"';
    expect(spell(repairWrite(partition, { do: 'revokeMembership', membership }))).toBe(
      `REVOKE ${quoted} FROM "a-b" GRANTED BY ${quoted} CASCADE`,
    );
    expect(spell(repairWrite(partition, { do: 'closeDatabase', database: hostile }))).toContain(quoted);
    expect(spell(repairWrite(partition, { do: 'revokeDatabase', grantee: hostile }))).toContain(quoted);
    expect(spell(repairWrite(partition, { do: 'revokeSchema', grantee: hostile }))).toContain(quoted);
  });

  it('tells everybody from a role of that name', () => {
    expect(spell(repairWrite(partition, { do: 'revokeSchema', grantee: null }))).toContain(
      'FROM PUBLIC CASCADE',
    );
    expect(spell(repairWrite(partition, { do: 'revokeSchema', grantee: 'PUBLIC' }))).toContain(
      'FROM "PUBLIC"',
    );
  });
});

describe('deletionWrites', () => {
  const verbs = (writes: ReturnType<typeof deletionWrites>) => writes.map(({ verb }) => verb);

  it('takes access before data', () => {
    expect(verbs(deletionWrites(partition, observed))).toEqual([
      'disable login',
      'drop database',
      'drop role',
    ]);
  });

  it('has nothing to do where there is nothing', () => {
    expect(deletionWrites(partition, { ...observed, role: undefined, database: undefined })).toEqual([]);
  });

  it('takes what is left when it was interrupted', () => {
    expect(verbs(deletionWrites(partition, { ...observed, database: undefined }))).toEqual([
      'disable login',
      'drop role',
    ]);
    expect(verbs(deletionWrites(partition, { ...observed, role: undefined }))).toEqual(['drop database']);
  });

  it('gives away and revokes what would keep database or role there', () => {
    const stuck = {
      ...observed,
      database: { ...database, template: true },
      memberships: [{ role: 'x', member: 'a-b', grantor: 'marina' }],
      tracesIn: ['management'],
    };
    expect(verbs(deletionWrites(partition, stuck))).toEqual([
      'disable login',
      'unmark template',
      'drop database',
      'revoke membership',
      'reassign owned',
      'revoke grants',
      'drop role',
    ]);
  });
});
