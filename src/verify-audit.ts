/**
 * `node dist/src/verify-audit.js [--expect <sequence>:<hash>] [--archive <file> ...]`: whether the audit trail in the management database (MARINA_DATABASE_*) is
 * as it was written, and the archives before it, in their order. Prints how many entries fit and the head. Ends with 0 when all do, with 1 when one does not, with
 * 2 when nothing can be said.
 */
import { parseArgs } from 'node:util';
import { loadEnvironment } from './config/config.ts';
import { addressOf } from './persistence/address-of.ts';
import { readArchive } from './persistence/audit/archive-file.ts';
import { AuditArchive } from './persistence/audit/audit-archive.ts';
import { AuditEntries } from './persistence/audit/audit-entries.ts';
import { type AuditEntry, type AuditHead, formatHead, parseHead } from './persistence/audit/entry.ts';
import { type AuditFinding, verify } from './persistence/audit/verify.ts';
import { connectOnce, type ManagementDatabase } from './persistence/management-database.ts';

const sentences: Readonly<Record<AuditFinding['fault'], string>> = {
  Missing: 'is missing',
  Altered: 'was altered',
  Detached: 'does not follow the one before it: one of the two was moved or replaced',
  Truncated: 'and what follows was cut off: the noted head is further on',
  Rewritten: 'is not the one that was noted',
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { expect: { type: 'string' }, archive: { type: 'string', multiple: true, default: [] } },
  });
  const expectedHead = readExpected(values.expect);
  const address = addressOf(loadEnvironment(process.env));
  if (!address) throw new Error('MARINA_DATABASE_URL is not set');
  const database = await connectOnce(address);
  try {
    const { start, pages } = await trailOf(database, values.archive);
    if (expectedHead && expectedHead.sequence < start.sequence)
      throw new Error(
        `the noted head is archived: give the archives up to entry ${start.sequence}, with --archive`,
      );
    const { count, head, finding } = await verify(pages, { start, expectedHead });
    process.stdout.write(`entries ${count}\nhead ${formatHead(head)}\n`);
    if (!finding) return 0;
    process.stderr.write(`${finding.fault}: entry ${finding.sequence} ${sentences[finding.fault]}\n`);
    return 1;
  } finally {
    await database.close();
  }
}

interface Trail {
  /** The entry before the first. */
  readonly start: AuditHead;
  readonly pages: AsyncIterable<readonly AuditEntry[]>;
}

async function trailOf(database: ManagementDatabase, archives: readonly string[]): Promise<Trail> {
  const end = await new AuditArchive(database).end();
  const living = () => new AuditEntries(database).pages({ after: end.sequence });
  const [oldest] = archives;
  if (oldest === undefined) return { start: end, pages: living() };
  return {
    start: await startOf(oldest),
    pages: inOrder([...archives.map((file) => readArchive(file)), living()]),
  };
}

async function startOf(archive: string): Promise<AuditHead> {
  for await (const [first] of readArchive(archive))
    if (first) return { sequence: first.sequence - 1n, hash: first.previousHash };
  throw new Error(`${archive} has no entries`);
}

async function* inOrder<Page>(parts: readonly AsyncIterable<Page>[]): AsyncGenerator<Page> {
  for (const part of parts) yield* part;
}

function readExpected(text: string | undefined): AuditHead | undefined {
  const head = text === undefined ? undefined : parseHead(text);
  if (text !== undefined && !head)
    throw new Error('--expect has to be <sequence>:<hash>, as this command prints it');
  return head;
}

try {
  process.exitCode = await main();
} catch (error: unknown) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
