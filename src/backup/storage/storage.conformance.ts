import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import type { BackupStorageErrorCode } from './errors.ts';
import type { ObjectStorage, StoredObject } from './storage.ts';

/** A real storage of the kind under test, and a way to look at it that does not go through the driver. */
export interface ObjectStorageHarness extends AsyncDisposable {
  readonly open: () => ObjectStorage;
  /** All that is in it, what is unfinished as well, one line an object, sorted. */
  snapshot(): Promise<readonly string[]>;
  /** Makes objects of which only the key matters. */
  seed(keys: readonly string[]): Promise<void>;
  /** Removes all objects. */
  clear(): Promise<void>;
  /** Storages at which every call but a listing or reading of what is there fails, by what is wrong with them. */
  readonly faulty: Readonly<Record<string, FaultyStorage>>;
  /** Has room for 16 MiB, and not for 48. */
  readonly full: Pick<ObjectStorageHarness, 'open' | 'snapshot'>;
}

export interface FaultyStorage {
  readonly code: BackupStorageErrorCode;
  readonly open: () => ObjectStorage;
}

export interface ObjectStorageKind {
  readonly name: string;
  start(): Promise<ObjectStorageHarness>;
}

const mebibyte = 1024 * 1024;

/** What every driver of the contract in storage.ts does, shown against a real storage. */
export function describeObjectStorage(kind: ObjectStorageKind): void {
  describe(`${kind.name} as a backup storage`, () => {
    let harness: ObjectStorageHarness;
    let storage: ObjectStorage;

    const started = new AsyncDisposableStack();

    beforeAll(async () => {
      harness = started.use(await kind.start());
      storage = started.adopt(harness.open(), (open) => open.close());
    });

    afterAll(() => started.disposeAsync());

    afterEach(async () => {
      await harness.clear();
    });

    describe('an object', () => {
      it.each([0, 1, 65_536, 8 * mebibyte - 1, 8 * mebibyte, 8 * mebibyte + 1, 20 * mebibyte])(
        'of %i octets comes back as it was, and goes without a trace',
        async (bytes) => {
          const before = await harness.snapshot();
          const content = randomBytes(bytes);

          const stored = await storage.put('team-a/blue/1.age', inChunks(content, 99_991));

          expect(stored).toMatchObject({ key: 'team-a/blue/1.age', bytes });
          expect(Math.abs(stored.modified.getTime() - Date.now())).toBeLessThan(60_000);
          expect((await collect(await storage.get('team-a/blue/1.age'))).equals(content)).toBe(true);
          const listed = await all(storage.list('team-a/'));
          expect(listed).toHaveLength(1);
          expect(listed[0]).toMatchObject({ key: 'team-a/blue/1.age', bytes });
          // S3 tells whole seconds here and there.
          expect(Math.abs(Number(listed[0]?.modified) - Number(stored.modified))).toBeLessThan(1000);

          await storage.delete('team-a/blue/1.age');
          expect(await harness.snapshot()).toEqual(before);
        },
      );

      it('is replaced by the next of its key', async () => {
        await storage.put('replaced', of('first'));
        await storage.put('replaced', of('second and longer'));

        expect(String(await collect(await storage.get('replaced')))).toBe('second and longer');
        expect(await keys(storage.list('replaced'))).toEqual(['replaced']);
      });

      it('is one of those that several put at once', async () => {
        const contents = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(mebibyte));

        await Promise.all(contents.map((content) => storage.put('contested', of(content))));

        expect(contents).toContain(String(await collect(await storage.get('contested'))));
      });

      it('takes memory of a constant size on its way in and out', async () => {
        const bytes = 192 * mebibyte;
        const [chunk] = await all(inChunks(randomBytes(mebibyte), mebibyte));
        const before = process.memoryUsage().rss;
        let most = before;
        const watched = async function* (source: AsyncIterable<Uint8Array>) {
          for await (const piece of source) {
            most = Math.max(most, process.memoryUsage().rss);
            yield piece;
          }
        };

        const put = await digest(async (seen) => {
          await storage.put('large', watched(seen(repeat(chunk ?? Buffer.alloc(0), bytes / mebibyte))));
        });
        const got = await digest(async (seen) => {
          await drain(watched(seen(await storage.get('large'))));
        });

        expect(got).toEqual(put);
        expect(got.bytes).toBe(bytes);
        // Much is garbage that nobody has collected yet.
        expect((most - before) / mebibyte).toBeLessThan(128);
      }, 240_000);

      it('is given up in the middle as often as one likes', async () => {
        await storage.put('tasted', inChunks(randomBytes(4 * mebibyte), 65_536));

        for (let round = 0; round < 30; round += 1) {
          for await (const chunk of await storage.get('tasted')) {
            expect(chunk.byteLength).toBeGreaterThan(0);
            break;
          }
        }
      });

      it('that is not there is not found, and is quietly deleted', async () => {
        await expect(storage.get('never/there')).rejects.toMatchObject({
          name: 'BackupStorageError',
          code: 'NotFound',
          message: expect.stringContaining('get never/there: '),
        });
        await expect(storage.delete('never/there')).resolves.toBeUndefined();
      });
    });

    describe('what does not come to its end', () => {
      const sizes = [0, 100_000, 12 * mebibyte];

      it.each(sizes)('is not there when the source fails after %i octets', async (bytes) => {
        const before = await harness.snapshot();
        const failure = new Error('the tenant’s store went away');

        await expect(storage.put('team-a/failing', thenFails(bytes, failure))).rejects.toBe(failure);

        await expect(storage.get('team-a/failing')).rejects.toMatchObject({ code: 'NotFound' });
        expect(await harness.snapshot()).toEqual(before);
      });

      it.each(sizes)(
        'is not there when it is given up after %i octets, in a silence of the source',
        async (bytes) => {
          const before = await harness.snapshot();
          const giveUp = new AbortController();
          const reason = new Error('enough');
          const putting = storage.put(
            'team-a/silent',
            thenSilent(bytes, () => giveUp.abort(reason)),
            giveUp,
          );

          await expect(putting).rejects.toBe(reason);

          expect(await harness.snapshot()).toEqual(before);
        },
      );

      it('leaves the older object as it was, and ends its source', async () => {
        await storage.put('kept', of('older'));
        const before = await harness.snapshot();
        let ended = false;
        const source = async function* () {
          try {
            yield* thenFails(12 * mebibyte, new Error('no'));
          } finally {
            ended = true;
          }
        };

        await expect(storage.put('kept', source())).rejects.toThrow('no');

        expect(ended).toBe(true);
        expect(await harness.snapshot()).toEqual(before);
        expect(String(await collect(await storage.get('kept')))).toBe('older');
      });
    });

    describe('a listing', () => {
      it('is whole when it is long, and of what begins with the prefix', async () => {
        const long = Array.from({ length: 1100 }, (_, index) => `long/${index}`);
        const others = ['longer', 'long-1', 'lon/g', 'a/long/1'];
        await harness.seed([...long, ...others]);

        expect((await keys(storage.list('long/'))).toSorted()).toEqual(long.toSorted());
        expect((await keys(storage.list('long'))).toSorted()).toEqual(
          [...long, 'longer', 'long-1'].toSorted(),
        );
        expect((await keys(storage.list('long/109'))).length).toBe(11);
        expect(await keys(storage.list('lon/'))).toEqual(['lon/g']);
        expect((await keys(storage.list(''))).length).toBe(long.length + others.length);
        expect(await keys(storage.list('nothing/here'))).toEqual([]);
      });
    });

    it.each([
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/..',
      '.a',
      'a.',
      'A',
      'ä',
      'a b',
      'a\0',
      'a\\b',
      'a'.repeat(513),
    ])('has no object called %j', async (key) => {
      const refused = { name: 'BackupStorageError', code: 'Invalid' };
      await expect(storage.put(key, of('x'))).rejects.toMatchObject(refused);
      await expect(storage.get(key)).rejects.toMatchObject(refused);
      await expect(storage.delete(key)).rejects.toMatchObject(refused);
    });

    it.each(['/', '../', 'a//', '.', 'A', '/etc'])('lists nothing that begins with %j', async (prefix) => {
      await expect(keys(storage.list(prefix))).rejects.toMatchObject({ code: 'Invalid' });
    });

    it('is checked without a trace', async () => {
      const before = await harness.snapshot();
      await storage.check();
      expect(await harness.snapshot()).toEqual(before);
    });

    describe('the fence', () => {
      const fenceAfter = (count: number) => {
        let left = count;
        return () => {
          if (left === 0) throw new Error('no longer leader');
          left -= 1;
        };
      };

      it.each([0, 1, 2, 3])('stops a write at its call %i, and nothing is left', async (allowed) => {
        const before = await harness.snapshot();
        const content = inChunks(randomBytes(20 * mebibyte), 8 * mebibyte);

        await expect(storage.put('fenced', content, { fence: fenceAfter(allowed) })).rejects.toThrow(
          'no longer leader',
        );

        expect(await harness.snapshot()).toEqual(before);
      });

      it('stops a deletion', async () => {
        await storage.put('fenced', of('x'));
        const before = await harness.snapshot();
        await expect(storage.delete('fenced', { fence: fenceAfter(0) })).rejects.toThrow('no longer leader');
        expect(await harness.snapshot()).toEqual(before);
      });

      it('stops a small object', async () => {
        const before = await harness.snapshot();
        await expect(storage.put('fenced', of('x'), { fence: fenceAfter(0) })).rejects.toThrow(
          'no longer leader',
        );
        expect(await harness.snapshot()).toEqual(before);
      });
    });

    it('that is full says so, and goes on with what it has room for', async () => {
      const full = harness.full.open();
      await full.put('fits', inChunks(randomBytes(9 * mebibyte), mebibyte));
      const before = await harness.full.snapshot();

      await expect(full.put('too/large', repeat(randomBytes(mebibyte), 48))).rejects.toMatchObject({
        code: 'Full',
      });

      expect(await harness.full.snapshot()).toEqual(before);
      await full.check();
      await full.close();
    });

    it('that is at fault says how, within seconds, by every call that it cannot do', async () => {
      for (const [name, { code, open }] of Object.entries(harness.faulty)) {
        const faulty = open();
        const error = {
          name: 'BackupStorageError',
          code,
          message: expect.stringMatching(/^\w+: \w+ .*: .{20}/),
        };
        const begun = performance.now();
        try {
          for (const call of [() => faulty.put('a/b', of('x')), () => faulty.check()]) {
            const outcome = await call().then(
              () => 'done',
              (thrown: unknown) => thrown,
            );
            expect({ name, outcome }).toEqual({ name, outcome: expect.objectContaining(error) });
          }
          expect(performance.now() - begun).toBeLessThan(15_000);
        } finally {
          await faulty.close();
        }
      }
    });
  });
}

async function* of(text: string): AsyncGenerator<Uint8Array> {
  yield* inChunks(Buffer.from(text), 8192);
}

async function* inChunks(content: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += size) {
    await new Promise((resolve) => setImmediate(resolve));
    yield content.subarray(at, at + size);
  }
}

async function* repeat(chunk: Uint8Array, times: number): AsyncGenerator<Uint8Array> {
  for (let time = 0; time < times; time += 1) yield* inChunks(Buffer.from(chunk), 65_536);
}

async function* thenFails(bytes: number, failure: Error): AsyncGenerator<Uint8Array> {
  yield* inChunks(randomBytes(bytes), 65_536);
  throw failure;
}

async function* thenSilent(bytes: number, whenSilent: () => void): AsyncGenerator<Uint8Array> {
  yield* inChunks(randomBytes(bytes), 65_536);
  setImmediate(whenSilent);
  await new Promise(() => undefined);
}

async function digest(
  run: (seen: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  await run(async function* (source) {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
  });
  return { bytes, sha256: hash.digest('hex') };
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await all(chunks));
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

async function keys(objects: AsyncIterable<StoredObject>): Promise<string[]> {
  return (await all(objects)).map(({ key }) => key);
}
