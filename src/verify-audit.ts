/**
 * `node dist/src/verify-audit.js [--expect <sequence>:<hash>]`: whether the audit trail in the management database (MARINA_DATABASE_*) is as it was written.
 * Prints how many entries fit and the head. Ends with 0 when all do, with 1 when one does not, with 2 when nothing can be said.
 */
import { parseArgs } from 'node:util';
import { loadEnvironment } from './config/config.ts';
import { addressOf } from './persistence/address-of.ts';
import { AuditEntries } from './persistence/audit/audit-entries.ts';
import { type AuditHead, formatHead, parseHead } from './persistence/audit/entry.ts';
import { type AuditFinding, verify } from './persistence/audit/verify.ts';
import { connectOnce } from './persistence/management-database.ts';

const sentences: Readonly<Record<AuditFinding['fault'], string>> = {
  Missing: 'is missing',
  Altered: 'was altered',
  Detached: 'does not follow the one before it: one of the two was moved or replaced',
  Truncated: 'and what follows was cut off: the noted head is further on',
  Rewritten: 'is not the one that was noted',
};

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { expect: { type: 'string' } } });
  const expectedHead = readExpected(values.expect);
  const address = addressOf(loadEnvironment(process.env));
  if (!address) throw new Error('MARINA_DATABASE_URL is not set');
  const database = await connectOnce(address);
  try {
    const { count, head, finding } = await verify(new AuditEntries(database).pages(), { expectedHead });
    process.stdout.write(`entries ${count}\nhead ${formatHead(head)}\n`);
    if (!finding) return 0;
    process.stderr.write(`${finding.fault}: entry ${finding.sequence} ${sentences[finding.fault]}\n`);
    return 1;
  } finally {
    await database.close();
  }
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
