import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createZstdCompress } from 'node:zlib';
import { type ContentsDigest, ContentsDigester } from '../../datastore/contents.ts';
import type { Entry } from '../../datastore/driver.ts';
import type { Manifest } from './manifest.ts';
import { seal } from './sealing.ts';

/** Octets that go to the compressor at once. */
const chunkBytes = 64 * 1024;

export interface ArchiveSummary {
  readonly contents: ContentsDigest;
  /** Of the archive as it is stored. */
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * An archive, in memory of a constant size: lines of JSON (the manifest, an object for each entry, the digest), compressed with zstd, sealed
 * with age. `age --decrypt | zstd --decompress` shows it. The generator returns what it came to.
 */
export async function* writeArchive(
  manifest: Manifest,
  pages: AsyncIterable<readonly Entry[]>,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array, ArchiveSummary> {
  const digester = new ContentsDigester();
  let contents: ContentsDigest | undefined;
  async function* lines(): AsyncGenerator<Buffer> {
    let text = toLine({ manifest });
    for await (const page of pages) {
      for (const entry of page) {
        digester.add(entry);
        text += toLine(encode(entry));
        if (text.length < chunkBytes) continue;
        yield Buffer.from(text);
        text = '';
      }
    }
    contents = digester.digest();
    yield Buffer.from(text + toLine({ digest: contents }));
  }
  const compressor = createZstdCompress();
  // Whoever reads the compressor is told of a failure.
  pipeline(Readable.from(lines()), compressor, () => undefined);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of seal(compressor as AsyncIterable<Buffer>, recipients)) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  if (!contents) throw new Error('the archive ended before its contents');
  return { contents, bytes, sha256: hash.digest('hex') };
}

function encode({ key, value, ttlSeconds }: Entry): object {
  return { key, value: value.toString('base64'), ...(ttlSeconds !== undefined && { ttlSeconds }) };
}

function toLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
