import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ensureBinaries, printsVersion, recipeHash } from './binaries.ts';
import { isNewEnough } from './go.ts';
import { recipes } from './recipes.ts';
import { etcdVersion } from './versions.ts';

const before = { ...process.env };
const silent = (): void => undefined;
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'marina-binaries-'));
  process.env['XDG_CACHE_HOME'] = path.join(directory, 'cache');
  delete process.env['MARINA_BINARIES'];
});

afterEach(async () => {
  for (const name of ['PATH', 'XDG_CACHE_HOME', 'MARINA_BINARIES']) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await rm(directory, { recursive: true });
});

async function script(file: string, text: string): Promise<string> {
  const target = path.join(directory, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, `#!/bin/sh\n${text}\n`);
  await chmod(target, 0o755);
  return target;
}

describe('ensureBinaries', () => {
  test('takes the directory that MARINA_BINARIES names first, whatever version is in it', async () => {
    const given = await script('given/etcd', 'echo etcd Version: 3.6.0');
    await script('path/etcd', `echo etcd Version: ${etcdVersion}`);
    process.env['MARINA_BINARIES'] = path.join(directory, 'given');
    process.env['PATH'] = `${path.join(directory, 'path')}:${before['PATH']}`;

    await expect(ensureBinaries(['etcd'], silent)).resolves.toEqual({ etcd: given });
  });

  test('takes the first program on PATH that has the pinned version', async () => {
    await script('old/etcd', 'echo etcd Version: 3.7.30');
    const right = await script('right/etcd', `echo etcd Version: ${etcdVersion}; echo Go Version: go1.26.8`);
    process.env['PATH'] = `${path.join(directory, 'old')}:${path.join(directory, 'right')}:${before['PATH']}`;

    await expect(ensureBinaries(['etcd'], silent)).resolves.toEqual({ etcd: right });
  });

  test('takes what was made before from the cache, and does not take iproute2 for the CNI plugin', async () => {
    const cached = await script(
      `cache/marina/binaries/bridge-${await recipeHash(recipes.bridge)}/bridge`,
      '',
    );
    await script('path/bridge', 'echo Usage: bridge [ OPTIONS ] OBJECT');
    process.env['PATH'] = `${path.join(directory, 'path')}:${before['PATH']}`;

    await expect(ensureBinaries(['bridge'], silent)).resolves.toEqual({ bridge: cached });
  });
});

describe('printsVersion', () => {
  test.each([
    ['Kubernetes v1.36.3\n', true],
    ['Kubernetes v1.36.30\n', false],
    ['Kubernetes v1.36.3-rc.1\n', false],
    ['Kubernetes v1.36.2\n', false],
    ['', false],
  ])('%j', (output, expected) => {
    expect(printsVersion(output, 'Kubernetes v1.36.3')).toBe(expected);
  });
});

describe('recipeHash', () => {
  test('follows the linker variables and the module', async () => {
    const hash = await recipeHash(recipes.etcd);
    expect(await recipeHash({ ...recipes.etcd, variables: {} })).not.toBe(hash);
    expect(await recipeHash({ ...recipes.etcd, module: 'kind' })).not.toBe(hash);
    expect(await recipeHash({ ...recipes.etcd, coldMinutes: 99 })).toBe(hash);
  });
});

describe('isNewEnough', () => {
  test.each([
    ['go1.26.8', true],
    ['go1.26', true],
    ['go1.27rc1', true],
    ['go2.0', true],
    ['go1.25.9', false],
    ['go1.9', false],
    ['', false],
  ])('%s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});
