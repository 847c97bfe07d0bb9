import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Checkout, describeCheckout } from '../local/checkout.ts';
import { type KeptRun, keepRun, lastWholeRun, reportsDirectory } from './reports.ts';

const facts = {
  date: '2026-11-21T17:00:00.000Z',
  commit: 'abc1234',
  marina: 'localhost/marina:1',
  kubernetes: 'v1.36.3',
  kine: '0.16.4',
  cores: 2,
  load: 1.25,
  processes: 2,
};

function runOf(version: string, isWhole: boolean): KeptRun {
  const results = [{ name: '[sig-a] works', outcome: 'passed', seconds: 1 }] as const;
  return { facts, stores: [{ kind: 'etcd', version, results, seconds: 2 }], isWhole };
}

describe('kept runs', () => {
  let checkout: Checkout;

  beforeEach(async () => {
    checkout = describeCheckout(await mkdtemp(path.join(os.tmpdir(), 'marina-conformance-')));
    await mkdir(path.join(checkout.root, 'docs'));
  });

  afterEach(async () => {
    await rm(checkout.root, { recursive: true });
  });

  const keep = (name: string, run: KeptRun): Promise<void> =>
    keepRun(checkout, path.join(reportsDirectory(checkout), name), run);
  const published = (): Promise<string> =>
    readFile(path.join(checkout.root, 'docs', 'conformance.md'), 'utf8');

  it('become the published report when they are whole, and only then', async () => {
    await keep('1', runOf('3.7.1', true));
    await keep('2', runOf('3.7.2', false));

    expect(await published()).toContain('etcd 3.7.1');
  });

  it('are found again: the newest whole one', async () => {
    await keep('1', runOf('3.7.1', true));
    await keep('2', runOf('3.7.2', true));
    await keep('3', runOf('3.7.3', false));
    await mkdir(path.join(reportsDirectory(checkout), '4-interrupted'));

    const found = await lastWholeRun(checkout);

    expect(found).toEqual({
      run: runOf('3.7.2', true),
      directory: path.join(reportsDirectory(checkout), '2'),
    });
  });

  it('are none at first', async () => {
    expect(await lastWholeRun(checkout)).toBeUndefined();
  });
});
