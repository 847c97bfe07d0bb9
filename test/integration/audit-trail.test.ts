import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/engine/clock.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import { AuditEntries } from '../../src/persistence/audit/audit-entries.ts';
import { AuditWriter } from '../../src/persistence/audit/audit-writer.ts';
import { type AuditHead, formatHead } from '../../src/persistence/audit/entry.ts';
import { verify } from '../../src/persistence/audit/verify.ts';
import type { DatabaseAddress } from '../../src/persistence/connection.ts';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import { someAuditFacts } from '../support/audit-facts.ts';
import { recordFigure } from '../support/figures.ts';
import { type DatabaseServer, openDatabase, startDatabaseServer } from '../support/management-database.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const started = new AsyncDisposableStack();
let server: DatabaseServer;

beforeAll(async () => {
  server = started.use(await startDatabaseServer());
}, 60_000);

afterAll(() => started.disposeAsync());

/** A trail in a database of its own, as one replica writes it. */
async function startTrail(address?: DatabaseAddress, log: Log = silentLog) {
  const at = address ?? (await server.createDatabase());
  const database = await openDatabase(at);
  const entries = new AuditEntries(database);
  const writer = new AuditWriter(entries, { clock: systemClock, random: () => 0.5, log });
  return { address: at, database, entries, writer, [Symbol.asyncDispose]: () => database.close() };
}

const asSuperuser = (database: ManagementDatabase, statement: string) =>
  database.use('tamper', async (dataSource) => {
    await dataSource.query('ALTER TABLE audit_entry DISABLE TRIGGER USER');
    await dataSource.query(statement);
    await dataSource.query('ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_append_only');
    await dataSource.query(
      'ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_is_deleted_when_archived',
    );
  });

const write = (writer: AuditWriter, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => writer.write(someAuditFacts({ requestId: `r-${n}` }))));

describe('the audit trail', () => {
  it('is one chain without gaps whoever writes at the same time', async () => {
    await using one = await startTrail();
    await using two = await startTrail(one.address);

    for (let round = 0; round < 5; round += 1)
      await Promise.all([write(one.writer, 40), write(two.writer, 40)]);

    expect(await verify(one.entries.pages())).toMatchObject({ count: 400n, finding: undefined });
  });

  it('comes back from the database as it was told', async () => {
    await using trail = await startTrail();
    const facts = someAuditFacts({
      userAgent: 'ünï "quoted"\\ \u{1f600}',
      groups: ['a,b', '{c}', ''],
      details: { z: 'ä', a: 1, isNew: true },
      status: 201,
      stage: 'ResponseComplete',
    });

    await trail.writer.write(facts);

    expect(await trail.entries.list({ limit: 1 })).toEqual([
      expect.objectContaining({ ...facts, sequence: 1n }),
    ]);
    expect((await verify(trail.entries.pages())).finding).toBeUndefined();
  });

  it.each([
    "UPDATE audit_entry SET username = 'eve'",
    'DELETE FROM audit_entry',
    'TRUNCATE audit_entry',
    "SET session_replication_role = replica; UPDATE audit_entry SET username = 'eve'",
  ])('refuses %s', async (statement) => {
    await using trail = await startTrail();
    await write(trail.writer, 2);

    const attempt = trail.database.use('tamper', (dataSource) => dataSource.query(statement));

    await expect(attempt).rejects.toThrow(/append-only/);
    expect(await verify(trail.entries.pages())).toMatchObject({ count: 2n, finding: undefined });
  });

  it.each([
    ["UPDATE audit_entry SET username = 'eve' WHERE sequence = 3", 'Altered', 3n],
    ["UPDATE audit_entry SET time = time + interval '1 ms' WHERE sequence = 3", 'Altered', 3n],
    ['DELETE FROM audit_entry WHERE sequence = 3', 'Missing', 3n],
    [
      `UPDATE audit_entry SET sequence = CASE sequence WHEN 3 THEN 104 ELSE 103 END WHERE sequence IN (3, 4);
      UPDATE audit_entry SET sequence = sequence - 100 WHERE sequence > 100`,
      'Detached',
      3n,
    ],
    ['DELETE FROM audit_entry WHERE sequence > 5', 'Truncated', 6n],
    ['TRUNCATE audit_entry', 'Truncated', 1n],
  ])('shows that somebody with all rights has run %s', async (statement, fault, sequence) => {
    await using trail = await startTrail();
    await write(trail.writer, 8);
    const { head } = await verify(trail.entries.pages());

    await asSuperuser(trail.database, statement);

    const { finding } = await verify(trail.entries.pages(), { expectedHead: head });
    expect(finding).toEqual({ fault, sequence });
    const command = await runCommand(trail.address, ['--expect', formatHead(head)]);
    expect(command).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${fault}: entry ${sequence} `),
    });
  });

  it('is verified by a command', async () => {
    await using trail = await startTrail();
    await write(trail.writer, 1_500);
    const { head } = await verify(trail.entries.pages());

    expect(await runCommand(trail.address, [])).toEqual({
      code: 0,
      stdout: `entries 1500\nhead ${formatHead(head)}\n`,
      stderr: '',
    });
    expect(await runCommand(trail.address, ['--expect', 'nonsense'])).toMatchObject({ code: 2 });
  });

  it('has what could not be written as soon as there is a database again, and once', async () => {
    const warnings: object[] = [];
    await using trail = await startTrail(undefined, { ...silentLog, warn: (facts) => warnings.push(facts) });
    const { postgres } = server;
    const facts = someAuditFacts({ stage: 'ResponseComplete', status: 201 });

    await postgres.kill();
    await expect(trail.writer.write(someAuditFacts())).rejects.toMatchObject({ code: 'Unavailable' });
    trail.writer.writeEventually(facts);
    await waitUntil('it is overdue', async () => warnings.length > 0);
    await postgres.start();

    const found = await waitUntil('it is written', async () => {
      const items = await trail.entries.list({ limit: 10 }).catch(() => []);
      return items.length > 0 && items;
    });
    expect(found).toEqual([expect.objectContaining({ exchange: facts.exchange })]);
    // The answer to a commit may be lost with the connection: then it is tried again.
    await trail.entries.append([facts, someAuditFacts()], { isRepeated: true });
    expect(await verify(trail.entries.pages())).toMatchObject({ count: 2n, finding: undefined });
  });

  it('refuses one entry and takes the others that came with it', async () => {
    await using trail = await startTrail();
    const wrong = someAuditFacts({ exchange: 'no-uuid' });

    const written = await Promise.allSettled(
      [someAuditFacts(), wrong, someAuditFacts()].map((facts) => trail.writer.write(facts)),
    );

    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await verify(trail.entries.pages())).toMatchObject({ count: 2n, finding: undefined });
  });

  it('takes many at once', async () => {
    await using trail = await startTrail();
    const perWriter = 100;
    const begin = performance.now();

    await Promise.all(
      Array.from({ length: 50 }, async () => {
        for (let n = 0; n < perWriter; n += 1) await trail.writer.write(someAuditFacts());
      }),
    );

    const perSecond = (50 * perWriter) / ((performance.now() - begin) / 1_000);
    recordFigure('audit entries a second, 50 writers', perSecond.toFixed(0));
    expect(await verify(trail.entries.pages())).toMatchObject({ count: 5_000n, finding: undefined });
  });
});

describe('the beginning of the audit trail', () => {
  it('is taken out into files, and the chain goes on from there', async () => {
    await using trail = await startTrail();
    await using directory = await createTemporaryDirectory('audit-archive');
    const fileOf = (n: number) => path.join(directory.path, `${n}.jsonl`);
    const headNow = async () => (await verify(trail.entries.pages())).head;
    await write(trail.writer, 1_200);
    const first = await headNow();
    await trail.writer.write(someAuditFacts({ userAgent: 'ünï\u2028 "quoted"', details: { z: 1, a: true } }));
    const second = await headNow();
    await write(trail.writer, 3);

    expect(await archive(trail.address, first, fileOf(1))).toMatchObject({
      code: 0,
      stdout: 'archived 1200\n',
    });
    expect(await archive(trail.address, second, fileOf(2))).toMatchObject({
      code: 0,
      stdout: 'archived 1\n',
    });
    await write(trail.writer, 2);

    expect((await trail.entries.list({ limit: 100 })).map(({ sequence }) => Number(sequence))).toEqual([
      1206, 1205, 1204, 1203, 1202,
    ]);
    expect(await runCommand(trail.address, [])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^entries 5\nhead 1206:/),
    });
    const all = ['--archive', fileOf(1), '--archive', fileOf(2)];
    expect(await runCommand(trail.address, [...all, '--expect', formatHead(first)])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^entries 1206\n/),
    });
    expect(await runCommand(trail.address, ['--expect', formatHead(first)])).toMatchObject({ code: 2 });
    expect(await runCommand(trail.address, ['--archive', fileOf(1)])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Missing: entry 1201 '),
    });
  });

  it('may be all there is', async () => {
    await using trail = await startTrail();
    await using directory = await createTemporaryDirectory('audit-archive');
    await write(trail.writer, 4);
    const { head } = await verify(trail.entries.pages());

    await archive(trail.address, head, path.join(directory.path, 'all'));
    await using other = await startTrail(trail.address);
    await write(other.writer, 1);

    expect(await runCommand(trail.address, ['--expect', formatHead(head)])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^entries 1\nhead 5:/),
    });
  });

  it('stays where it is unless all of it fits, and is noted', async () => {
    await using trail = await startTrail();
    await using directory = await createTemporaryDirectory('audit-archive');
    const file = (name: string) => path.join(directory.path, name);
    await write(trail.writer, 6);
    const { head } = await verify(trail.entries.pages());
    const forged = { sequence: 4n, hash: Buffer.alloc(32, 7) };

    expect(await archive(trail.address, forged, file('forged'))).toMatchObject({ code: 1 });
    await asSuperuser(trail.database, "UPDATE audit_entry SET username = 'eve' WHERE sequence = 3");
    expect(await archive(trail.address, head, file('altered'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Altered: entry 3 '),
    });
    const noted = trail.database.use('tamper', (dataSource) =>
      dataSource.query('INSERT INTO audit_archive (sequence, hash) VALUES (4, $1)', [forged.hash]),
    );
    await expect(noted).rejects.toThrow(/no such entry/);

    expect(await trail.entries.list({ limit: 10 })).toHaveLength(6);
  });

  it('is found out when archives and database do not fit', async () => {
    await using trail = await startTrail();
    await using directory = await createTemporaryDirectory('audit-archive');
    const file = path.join(directory.path, 'a');
    await write(trail.writer, 4);
    const { head } = await verify(trail.entries.pages());
    await archive(trail.address, head, file);
    const text = await readFile(file, 'utf8');

    await writeFile(file, text.replace('"ada"', '"eve"'));

    expect(await runCommand(trail.address, ['--archive', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Altered: entry 1 '),
    });
  });
});

function archive(address: DatabaseAddress, head: AuditHead, file: string) {
  return runCommand(address, ['--to', formatHead(head), '--file', file], 'archive-audit.ts');
}

async function runCommand(
  { url, caFile = '', certificateFile = '', keyFile = '' }: DatabaseAddress,
  options: readonly string[],
  command = 'verify-audit.ts',
) {
  const program = path.resolve(import.meta.dirname, '../../src', command);
  const env = {
    ...process.env,
    MARINA_DATABASE_URL: url,
    MARINA_DATABASE_CA_FILE: caFile,
    MARINA_DATABASE_CERT_FILE: certificateFile,
    MARINA_DATABASE_KEY_FILE: keyFile,
    NODE_OPTIONS: '',
    NODE_NO_WARNINGS: '1',
  };
  return await promisify(execFile)(process.execPath, [program, ...options], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { readonly code: number; readonly stdout: string; readonly stderr: string },
  );
}
