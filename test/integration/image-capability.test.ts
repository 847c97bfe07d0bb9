import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { run } from '../../hack/toolchain/command.ts';
import { preloadImages } from '../../hack/toolchain/image-preload.ts';
import { ensureImages } from '../../hack/toolchain/images.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'marina-capability-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('the kube-apiserver that containerd unpacks may bind privileged ports, like the official one', async () => {
  const binaries = await ensureBinaries(['containerd', 'ctr']);
  const [image] = await ensureImages(['kube-apiserver']);
  await preloadImages(directory, [image?.path ?? ''], binaries);

  const found = await run('find', [directory, '-path', '*/fs/usr/local/bin/kube-apiserver']);
  const program = found.trim();
  expect(program).not.toBe('');
  // GNU tar lists extended attributes below each file; getcap is not on every machine.
  const archive = path.join(directory, 'program.tar');
  const attributes = ['--xattrs', '--xattrs-include=security.capability'];
  await run('tar', ['-cf', archive, ...attributes, '-C', path.dirname(program), path.basename(program)]);
  expect(await run('tar', ['-tvvf', archive, ...attributes])).toMatch(/x: 20 security\.capability/);
}, 900_000);
