import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.ts';
import { netBindServiceCapability } from './image-contents.ts';
import { paxRecord, writeTar } from './tar-writer.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'marina-tar-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('writeTar', () => {
  test('GNU tar unpacks what was written', async () => {
    const long = `${'folder/'.repeat(30)}file`;
    const source = path.join(directory, 'source');
    await writeFile(source, 'x'.repeat(1000));
    const tar = await writeTar(path.join(directory, 'a.tar'), [
      { type: 'directory', path: 'private', mode: 0o700 },
      { type: 'file', path: 'private/program', source, mode: 0o755 },
      { type: 'file', path: long, content: 'ünïcode' },
      { type: 'symlink', path: 'link', target: long },
    ]);
    const target = path.join(directory, 'unpacked');
    await mkdir(target);
    await run('tar', ['-xf', tar.path, '-C', target]);

    expect((await lstat(path.join(target, 'private'))).mode & 0o777).toBe(0o700);
    expect((await lstat(path.join(target, 'private/program'))).mode & 0o777).toBe(0o755);
    expect(await readFile(path.join(target, 'private/program'), 'utf8')).toBe('x'.repeat(1000));
    expect(await readFile(path.join(target, 'link'), 'utf8')).toBe('ünïcode');
    expect(await readlink(path.join(target, 'link'))).toBe(long);
  });

  test('returns the SHA-256 of the file, which is the same every time', async () => {
    const entries = [{ type: 'file', path: 'a', content: 'b' }] as const;
    const [one, two] = [
      await writeTar(path.join(directory, '1'), entries),
      await writeTar(path.join(directory, '2'), entries),
    ];
    expect(one.sha256).toBe(
      createHash('sha256')
        .update(await readFile(one.path))
        .digest('hex'),
    );
    expect(two.sha256).toBe(one.sha256);
  });

  test('puts the file capability where containerd looks for it', async () => {
    const tar = await writeTar(path.join(directory, 'a.tar'), [
      {
        type: 'file',
        path: 'kube-apiserver',
        content: '#!/bin/true\n',
        mode: 0o755,
        xattrs: { 'security.capability': netBindServiceCapability() },
      },
    ]);
    expect((await readFile(tar.path)).indexOf('57 SCHILY.xattr.security.capability=')).toBeGreaterThan(0);

    const listing = await run('tar', ['--xattrs', '--xattrs-include=*', '-tvvf', tar.path]);
    expect(listing).toMatch(/x: 20 security\.capability/);
  });

  test('writes folders before what is in them and once, whoever asks for them', async () => {
    const tar = await writeTar(path.join(directory, 'a.tar'), [
      { type: 'file', path: 'usr/bin/a', content: '' },
      { type: 'directory', path: 'usr' },
      { type: 'file', path: 'usr/bin/b', content: '' },
    ]);
    const listing = await run('tar', ['-tf', tar.path]);
    expect(listing.trim().split('\n')).toEqual(['usr/', 'usr/bin/', 'usr/bin/a', 'usr/bin/b']);
  });

  test('refuses a file that comes twice', async () => {
    const file = { type: 'file', path: 'a', content: '' } as const;
    await expect(writeTar(path.join(directory, 'a.tar'), [file, file])).rejects.toThrow('twice');
  });
});

describe('paxRecord', () => {
  test.each([
    ['a', 'b', '6 a=b\n'],
    ['path', 'x'.repeat(2), '11 path=xx\n'],
    ['path', 'x'.repeat(90), `99 path=${'x'.repeat(90)}\n`],
    ['path', 'x'.repeat(91), `101 path=${'x'.repeat(91)}\n`],
  ])('%s=%s counts its own digits', (key, value, record) => {
    expect(paxRecord(key, Buffer.from(value)).toString()).toBe(record);
    expect(record.length).toBe(Number.parseInt(record, 10));
  });
});
