import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { run } from './command.ts';
import { downloadRelease, findChecksum } from './download.ts';

const content = Buffer.from('#!/bin/sh\necho hello\n');
let directory = '';
let files = new Map<string, Buffer>();
let server: Server;
let origin = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'marina-download-'));
  files = new Map();
  server = createServer((request, response) => {
    const body = files.get(request.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(directory, { recursive: true });
});

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

describe('downloadRelease', () => {
  test('puts a verified program in place, executable', async () => {
    files.set('/kubectl', content).set('/kubectl.sha256', Buffer.from(sha256(content)));
    const output = path.join(directory, 'kubectl');
    await downloadRelease({ url: `${origin}/kubectl`, checksums: `${origin}/kubectl.sha256` }, output);

    expect(await readFile(output)).toEqual(content);
    expect((await stat(output)).mode & 0o777).toBe(0o755);
  });

  test('takes one program out of a verified archive', async () => {
    await writeFile(path.join(directory, 'etcd'), content);
    const archive = path.join(directory, 'etcd.tar.gz');
    await run('tar', ['-czf', archive, '-C', directory, 'etcd']);
    await rm(path.join(directory, 'etcd'));
    const data = await readFile(archive);
    await rm(archive);
    files
      .set('/etcd.tar.gz', data)
      .set('/SHA256SUMS', Buffer.from(`${sha256(content)}  other\n${sha256(data)}  etcd.tar.gz\n`));
    const release = { url: `${origin}/etcd.tar.gz`, checksums: `${origin}/SHA256SUMS`, member: 'etcd' };
    await downloadRelease(release, path.join(directory, 'etcd'));

    expect(await readFile(path.join(directory, 'etcd'))).toEqual(content);
    expect(await readdir(directory)).toEqual(['etcd']);
  });

  test('refuses a file that is not what the checksum says', async () => {
    files.set('/kubectl', content).set('/kubectl.sha256', Buffer.from(sha256(Buffer.from('other'))));
    const release = { url: `${origin}/kubectl`, checksums: `${origin}/kubectl.sha256` };
    await expect(downloadRelease(release, path.join(directory, 'kubectl'))).rejects.toMatchObject({
      code: 'ChecksumMismatch',
    });
  });

  test('says what is not there', async () => {
    const release = { url: `${origin}/kubectl`, checksums: `${origin}/kubectl.sha256` };
    await expect(downloadRelease(release, path.join(directory, 'kubectl'))).rejects.toMatchObject({
      code: 'DownloadFailed',
      message: `${origin}/kubectl.sha256 answered 404`,
    });
  });
});

describe('findChecksum', () => {
  const hash = 'a'.repeat(64);
  test.each([
    [`${hash}\n`, hash],
    [`${hash}  kubectl\n`, hash],
    [`${hash} *./kubectl\n`, hash],
    [`${hash}  kubectl.exe\n`, undefined],
    ['<html>not found</html>', undefined],
  ])('%j', (text, expected) => {
    expect(findChecksum(text, 'kubectl')).toBe(expected);
  });
});
