import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export type TarEntry = {
  /** Relative, `/`-separated, without a slash at its end. */
  readonly path: string;
  /** Permission bits; 0o755 for directories and 0o644 for files unless said. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Extended attributes by name, such as `security.capability`. */
  readonly xattrs?: Readonly<Record<string, Buffer>>;
} & (
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'file'; readonly content: string | Buffer }
  | { readonly type: 'file'; readonly source: string }
);

export type WrittenTar = { readonly path: string; readonly sha256: string };

const blockSize = 512;
const typeFlags = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const;

/**
 * Writes a POSIX (pax) archive, the same bytes for the same entries whenever and wherever it is written.
 * Format: IEEE Std 1003.1, "pax Interchange Format"; extended attributes as SCHILY.xattr records, as Go's archive/tar reads them.
 */
export async function writeTar(path: string, entries: readonly TarEntry[]): Promise<WrittenTar> {
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of tarChunks(entries)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  await pipeline(
    Readable.from(hashed(), { objectMode: false, highWaterMark: 1 << 20 }),
    createWriteStream(path),
  );
  return { path, sha256: hash.digest('hex') };
}

/**
 * The entries with each folder they need in front of them (mode 755, root's), and each folder once.
 * @throws TypeError for a file or link that comes twice: loaders of images refuse such an archive
 */
export function completeEntries(entries: readonly TarEntry[]): readonly TarEntry[] {
  const complete = new Map<string, TarEntry>();
  for (const entry of entries) {
    for (const folder of parentFolders(entry.path)) {
      if (!complete.has(folder)) complete.set(folder, { type: 'directory', path: folder });
    }
    if (!complete.has(entry.path)) complete.set(entry.path, entry);
    else if (entry.type !== 'directory') throw new TypeError(`${entry.path} is in the archive twice`);
  }
  return [...complete.values()];
}

function parentFolders(file: string): readonly string[] {
  const parts = file.split('/');
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
}

async function* tarChunks(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of completeEntries(entries)) {
    const size = await contentSize(entry);
    yield* header(entry, size);
    if (entry.type !== 'file') continue;
    if ('source' in entry) {
      for await (const chunk of createReadStream(entry.source, { highWaterMark: 1 << 20 }))
        yield chunk as Buffer;
    } else {
      yield Buffer.from(entry.content);
    }
    yield padding(size);
  }
  yield Buffer.alloc(2 * blockSize);
}

async function contentSize(entry: TarEntry): Promise<number> {
  if (entry.type !== 'file') return 0;
  return 'source' in entry ? (await stat(entry.source)).size : Buffer.byteLength(entry.content);
}

function* header(entry: TarEntry, size: number): Generator<Buffer> {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  const target = entry.type === 'symlink' ? entry.target : '';
  const records = paxRecords(entry, name, target);
  if (records.length > 0) {
    yield ustar({
      name: 'pax',
      target: '',
      type: typeFlags.pax,
      size: records.length,
      mode: 0o644,
      uid: 0,
      gid: 0,
    });
    yield records;
    yield padding(records.length);
  }
  const { uid = 0, gid = 0, mode = entry.type === 'file' ? 0o644 : 0o755 } = entry;
  yield ustar({ name, target, type: typeFlags[entry.type], size, mode, uid, gid });
}

/** What a ustar header has no room for. */
function paxRecords(entry: TarEntry, name: string, target: string): Buffer {
  const records: Buffer[] = [];
  if (!fits(name)) records.push(paxRecord('path', Buffer.from(name)));
  if (!fits(target)) records.push(paxRecord('linkpath', Buffer.from(target)));
  for (const [attribute, value] of Object.entries(entry.xattrs ?? {})) {
    records.push(paxRecord(`SCHILY.xattr.${attribute}`, value));
  }
  return Buffer.concat(records);
}

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= 100 && /^[\x20-\x7e]*$/.test(name);
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
export function paxRecord(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = body.length;
  while (length !== body.length + String(length).length) length = body.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

type UstarFields = {
  readonly name: string;
  readonly target: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
};

function ustar(fields: UstarFields): Buffer {
  const block = Buffer.alloc(blockSize);
  const octal = (value: number, offset: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), offset);
  };
  block.write(fields.name, 0, 100);
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  octal(fields.size, 124, 11);
  octal(0, 136, 11); // modification time: always the epoch, so that the archive depends on its entries only
  block.write(fields.type, 156);
  block.write(fields.target, 157, 100);
  block.write('ustar\u000000', 257, 'latin1');
  block.write(' '.repeat(8), 148);
  let checksum = 0;
  for (const byte of block) checksum += byte;
  octal(checksum, 148, 6);
  block.write('\u0000 ', 154, 'latin1');
  return block;
}

function padding(size: number): Buffer {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize);
}
