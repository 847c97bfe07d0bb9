import { pipeline, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { z } from 'zod';
import { type ContentsDigest, ContentsDigester } from '../../datastore/contents.ts';
import type { Entry } from '../../datastore/driver.ts';
import { ArchiveError } from './errors.ts';
import { digest as digestSchema, type Manifest, manifest as manifestSchema } from './manifest.ts';
import { unseal } from './sealing.ts';

/** Octets of values that are handed on together, unless one alone has more. */
const pageBytes = 1024 * 1024;
/** Characters of a line: etcd takes values of 1.5 MiB, Postgres larger ones than any API server writes. */
const longestLine = 64 * 1024 * 1024;

const entry = z.object({
  key: z.string(),
  value: z.string(),
  ttlSeconds: z.int().min(1).optional(),
});

export interface OpenArchive {
  readonly manifest: Manifest;
  /** To be read to its end, which alone says that all of it is there; once. */
  readonly pages: AsyncIterable<readonly Entry[]>;
}

/**
 * Opens what `writeArchive` wrote. Reading the pages to their end compares all of them with the digest.
 * @throws ArchiveError from here or from the pages; what `stored` throws is passed on as it is
 */
export async function openArchive(stored: AsyncIterable<Uint8Array>, identity: string): Promise<OpenArchive> {
  const { manifest, lines } = await openLines(stored, identity);
  return { manifest, pages: readPages(lines) };
}

async function openLines(stored: AsyncIterable<Uint8Array>, identity: string) {
  const lines = readLines(unseal(stored, identity));
  const first = await lines.next();
  if (first.done) throw new ArchiveError('Damaged', 'the archive is empty');
  const read = z.object({ manifest: manifestSchema }).safeParse(parse(first.value));
  if (!read.success) {
    await lines.return(undefined);
    const why = z.prettifyError(read.error);
    throw new ArchiveError('Foreign', `not an archive that this version of Marina reads: ${why}`);
  }
  return { manifest: read.data.manifest, lines };
}

/** Reads no further than the first line. @throws ArchiveError */
export async function readManifest(stored: AsyncIterable<Uint8Array>, identity: string): Promise<Manifest> {
  const { manifest, lines } = await openLines(stored, identity);
  await lines.return(undefined);
  return manifest;
}

/** Reads all of it. @throws ArchiveError when it is not whole */
export async function verifyArchive(
  stored: AsyncIterable<Uint8Array>,
  identity: string,
): Promise<{ readonly manifest: Manifest; readonly contents: ContentsDigest }> {
  const { manifest, pages } = await openArchive(stored, identity);
  const digester = new ContentsDigester();
  for await (const page of pages) for (const one of page) digester.add(one);
  return { manifest, contents: digester.digest() };
}

async function* readPages(lines: AsyncGenerator<string>): AsyncGenerator<readonly Entry[]> {
  const digester = new ContentsDigester();
  let page: Entry[] = [];
  let bytes = 0;
  for await (const line of lines) {
    const object = parse(line);
    if (isRecord(object) && 'digest' in object) {
      if (page.length > 0) yield page;
      await requireSame(object['digest'], digester.digest(), lines);
      return;
    }
    const next = toEntry(object);
    digester.add(next);
    page.push(next);
    bytes += next.value.length;
    if (bytes < pageBytes) continue;
    yield page;
    page = [];
    bytes = 0;
  }
  throw new ArchiveError('Damaged', 'the archive ends before its digest');
}

async function requireSame(
  told: unknown,
  found: ContentsDigest,
  rest: AsyncGenerator<string>,
): Promise<void> {
  const { data } = digestSchema.safeParse(told);
  const isSame = data?.sha256 === found.sha256 && data.entries === found.entries;
  if (!isSame) throw new ArchiveError('Damaged', 'the entries are not those that the digest is of');
  const more = await rest.next();
  if (!more.done) throw new ArchiveError('Damaged', 'the archive goes on after its digest');
}

function toEntry(object: unknown): Entry {
  const { data, error } = entry.safeParse(object);
  if (!data) throw new ArchiveError('Damaged', `a line is no entry: ${z.prettifyError(error)}`);
  const { key, value, ttlSeconds } = data;
  return { key, value: Buffer.from(value, 'base64'), ...(ttlSeconds !== undefined && { ttlSeconds }) };
}

async function* readLines(sealed: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decompressor = createZstdDecompress();
  const source = new WatchedSource(sealed);
  pipeline(Readable.from(source), decompressor, () => undefined);
  let rest = '';
  try {
    decompressor.setEncoding('utf8');
    for await (const text of decompressor as AsyncIterable<string>) {
      rest += text;
      if (rest.length > longestLine) throw new ArchiveError('Damaged', 'a line is too long');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error: unknown) {
    source.rethrow();
    if (error instanceof ArchiveError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ArchiveError('Damaged', `the archive cannot be decompressed: ${why}`, { cause: error });
  }
  if (rest !== '') throw new ArchiveError('Damaged', 'the last line is cut off');
}

/** Streams wrap what they are told of, or say only that they ended early; the reader is to hear the error itself. */
class WatchedSource {
  readonly #source: AsyncIterable<Uint8Array>;
  #failure: { readonly reason: unknown } | undefined;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#source;
    } catch (reason: unknown) {
      this.#failure = { reason };
      throw reason;
    }
  }

  /** What the source failed with, if it did. */
  rethrow(): void {
    if (this.#failure) throw this.#failure.reason;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch (cause: unknown) {
    throw new ArchiveError('Damaged', 'a line is not JSON', { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
