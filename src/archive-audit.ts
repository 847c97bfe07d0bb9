/**
 * `node dist/src/archive-audit.js --to <sequence>:<hash> --file <file>`: takes the beginning of the audit trail in the management database (MARINA_DATABASE_*), up
 * to a head that was noted, out into a new file (JSON lines). Nothing is removed before the file was read back and fits. Ends with 0 when it is done, with 1 when an
 * entry does not fit, with 2 when it could not be done. It may be run again where it was broken off.
 */
import { parseArgs } from 'node:util';
import { loadEnvironment } from './config/config.ts';
import { addressOf } from './persistence/address-of.ts';
import { readArchive, writeArchive } from './persistence/audit/archive-file.ts';
import { AuditArchive } from './persistence/audit/audit-archive.ts';
import { AuditEntries } from './persistence/audit/audit-entries.ts';
import { type AuditHead, parseHead } from './persistence/audit/entry.ts';
import { verify } from './persistence/audit/verify.ts';
import { connectOnce } from './persistence/management-database.ts';

interface Wish {
  readonly to: AuditHead;
  readonly file: string;
}

async function main(): Promise<number> {
  const { to, file } = readWish();
  const address = addressOf(loadEnvironment(process.env));
  if (!address) throw new Error('MARINA_DATABASE_URL is not set');
  const database = await connectOnce(address);
  try {
    const archive = new AuditArchive(database);
    const start = await archive.end();
    if (to.sequence <= start.sequence) {
      await archive.removeEntries();
      throw new Error(`entries up to ${start.sequence} are archived already`);
    }
    const range = { after: start.sequence, to: to.sequence };
    await writeArchive(file, new AuditEntries(database).pages(range));
    const { count, finding } = await verify(readArchive(file), { start, expectedHead: to });
    if (finding) {
      process.stderr.write(
        `${finding.fault}: entry ${finding.sequence} does not fit; nothing was removed, and ${file} is no archive\n`,
      );
      return 1;
    }
    await archive.moveTo(to);
    await archive.removeEntries();
    process.stdout.write(`archived ${count}\n`);
    return 0;
  } finally {
    await database.close();
  }
}

function readWish(): Wish {
  const { values } = parseArgs({ options: { to: { type: 'string' }, file: { type: 'string' } } });
  const to = parseHead(values.to ?? '');
  if (!to) throw new Error('--to has to be <sequence>:<hash>, as verify-audit.js prints it');
  if (values.file === undefined) throw new Error('--file has to be where the archive is to be');
  return { to, file: values.file };
}

try {
  process.exitCode = await main();
} catch (error: unknown) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
