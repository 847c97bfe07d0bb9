import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withLock } from './lock.ts';

const silent = (): void => undefined;
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'marina-lock-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

test('work under one lock never overlaps, and who waits is told for whom', async () => {
  const file = path.join(directory, 'lock');
  const lines: string[] = [];
  const atWork = Promise.withResolvers<undefined>();
  const released = Promise.withResolvers<undefined>();
  const order: string[] = [];

  const first = withLock(file, 'etcd', silent, async () => {
    atWork.resolve(undefined);
    await released.promise;
    order.push('first');
  });
  await atWork.promise;
  const second = withLock(
    file,
    'etcd',
    (line) => {
      lines.push(line);
      released.resolve(undefined);
    },
    () => Promise.resolve(order.push('second')),
  );
  await Promise.all([first, second]);

  expect(order).toEqual(['first', 'second']);
  expect(lines).toEqual([`etcd: process ${process.pid} is at it already, waiting for it`]);
});

test('the lock of a killed process is free', async () => {
  const file = path.join(directory, 'lock');
  const program = `
    import { withLock } from '${path.join(import.meta.dirname, 'lock.ts')}';
    await withLock('${file}', 'etcd', () => undefined, async () => {
      console.log('held');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const holder = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');

  await expect(withLock(file, 'etcd', silent, () => Promise.resolve('done'))).resolves.toBe('done');
});
