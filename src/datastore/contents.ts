import { createHash, type Hash } from 'node:crypto';
import type { ContentsSnapshot, Entry } from './driver.ts';

/** How much there is, and SHA-256 over keys and values in their order: the same for the same contents, wherever they are. */
export interface ContentsDigest {
  readonly entries: number;
  /** Of the values. */
  readonly bytes: number;
  readonly sha256: string;
}

export class ContentsDigester {
  readonly #hash: Hash = createHash('sha256');
  #entries = 0;
  #bytes = 0;

  add({ key, value }: Entry): void {
    const name = Buffer.from(key);
    // Lengths go in as well: what one key ends with must not pass for the beginning of its value.
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32BE(name.length, 0);
    lengths.writeUInt32BE(value.length, 4);
    this.#hash.update(lengths).update(name).update(value);
    this.#entries += 1;
    this.#bytes += value.length;
  }

  /** Ends it: nothing can be added any more. */
  digest(): ContentsDigest {
    return { entries: this.#entries, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Not so what has only so long to live: it may be gone before it is looked for, and how long it has left differs from one look to the next. */
export function isLasting({ ttlSeconds }: Entry): boolean {
  return ttlSeconds === undefined;
}

/** `counts`: which entries, when not all. */
export async function digestOf(
  snapshot: ContentsSnapshot,
  counts: (entry: Entry) => boolean = () => true,
): Promise<ContentsDigest> {
  const digester = new ContentsDigester();
  for await (const page of snapshot.pages()) {
    for (const entry of page) if (counts(entry)) digester.add(entry);
  }
  return digester.digest();
}

/** Runs of entries that go together: `count` of them and `bytes` of values at most, but one always. */
export function* batchesOf<T extends { readonly bytes: number }>(
  items: Iterable<T>,
  limit: { readonly count: number; readonly bytes: number },
): Generator<readonly T[]> {
  let batch: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const isFull = batch.length === limit.count || bytes + item.bytes > limit.bytes;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(item);
    bytes += item.bytes;
  }
  if (batch.length > 0) yield batch;
}
