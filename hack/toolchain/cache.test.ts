import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { cacheDirectory, ensureCached, hashInputs } from './cache.ts';

const silent = (): void => undefined;
const entry = { key: 'things/one-0123456789ab', what: 'one' };
const before = process.env['XDG_CACHE_HOME'];
let home = '';

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'marina-cache-'));
  process.env['XDG_CACHE_HOME'] = home;
});

afterEach(async () => {
  if (before === undefined) delete process.env['XDG_CACHE_HOME'];
  else process.env['XDG_CACHE_HOME'] = before;
  await rm(home, { recursive: true });
});

describe('hashInputs', () => {
  test('tells apart inputs whose concatenation is the same', () => {
    expect(hashInputs(['ab', 'c'])).not.toBe(hashInputs(['a', 'bc']));
  });

  test('is the same for text and its bytes', () => {
    expect(hashInputs(['é'])).toBe(hashInputs([Buffer.from('é')]));
  });
});

describe('ensureCached', () => {
  test('makes an entry once, for any number of callers at the same time', async () => {
    let made = 0;
    const make = async (directory: string): Promise<void> => {
      made += 1;
      await writeFile(path.join(directory, 'file'), 'content');
    };
    const directories = await Promise.all([1, 2, 3].map(() => ensureCached(entry, silent, make)));

    expect(made).toBe(1);
    expect(new Set(directories)).toEqual(new Set([path.join(home, 'marina', entry.key)]));
    expect(await readFile(path.join(directories[0] ?? '', 'file'), 'utf8')).toBe('content');
  });

  test('leaves no trace of an entry that could not be made, and makes it the next time', async () => {
    const failing = ensureCached(entry, silent, async (directory) => {
      await writeFile(path.join(directory, 'half'), '');
      throw new Error('no space left on device');
    });
    await expect(failing).rejects.toThrow('no space left');
    expect(await readdir(path.join(cacheDirectory(), 'things'))).toEqual([]);

    await ensureCached(entry, silent, () => Promise.resolve());
    expect(await readdir(path.join(cacheDirectory(), 'things'))).toEqual(['one-0123456789ab']);
  });
});
