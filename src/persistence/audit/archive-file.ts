import { open } from 'node:fs/promises';
import type { AuditEntry } from './entry.ts';

const readAtOnce = 1_000;
/** They may stand in JSON as they are, and end a line to many a reader. */
const lineSeparators = /[\u2028\u2029]/g;

/** Writes a new file, one entry a line (JSON), and makes sure that it is on the disk. Rejects where there is a file already. */
export async function writeArchive(file: string, pages: AsyncIterable<readonly AuditEntry[]>): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  for await (const page of pages) await handle.appendFile(page.map(toLine).join(''));
  await handle.sync();
}

/** The entries of a file that {@link writeArchive} wrote. Rejects where a line is no entry. */
export async function* readArchive(file: string): AsyncGenerator<readonly AuditEntry[]> {
  await using handle = await open(file);
  let page: AuditEntry[] = [];
  let number = 0;
  for await (const line of handle.readLines({ autoClose: false })) {
    number += 1;
    page.push(fromLine(line, `${file}:${number}`));
    if (page.length < readAtOnce) continue;
    yield page;
    page = [];
  }
  yield page;
}

function toLine({ sequence, previousHash, hash, ...facts }: AuditEntry): string {
  const chained = { previousHash: previousHash.toString('hex'), hash: hash.toString('hex') };
  const line = JSON.stringify({ sequence: String(sequence), ...facts, ...chained });
  return `${line.replace(lineSeparators, (each) => `\\u${each.charCodeAt(0).toString(16)}`)}\n`;
}

/** Only as far as the chain does not show it: what is wrong in its facts does not fit its hash. */
function fromLine(line: string, where: string): AuditEntry {
  try {
    const { sequence, time, previousHash, hash, ...facts } = JSON.parse(line) as Record<string, string>;
    return {
      ...(facts as unknown as AuditEntry),
      sequence: BigInt(sequence ?? ''),
      time: new Date(time ?? ''),
      previousHash: Buffer.from(previousHash ?? '', 'hex'),
      hash: Buffer.from(hash ?? '', 'hex'),
    };
  } catch (error: unknown) {
    throw new Error(`${where} is no entry of an audit trail`, { cause: error });
  }
}
