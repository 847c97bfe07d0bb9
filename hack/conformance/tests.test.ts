import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { chunkingTests, focusExpression, readTests } from './tests.ts';

const list = await readFile(
  path.join(import.meta.dirname, '../../test/conformance/node-free-tests.txt'),
  'utf8',
);

describe('the list of tests', () => {
  it('has 142 of them, each once, the chunking tests among them', () => {
    const names = readTests(list);

    expect(names).toHaveLength(142);
    expect(new Set(names).size).toBe(142);
    expect(names).toEqual(expect.arrayContaining([...chunkingTests]));
  });

  it('is cut down to the names that contain a text', () => {
    expect(readTests(list, 'API chunking')).toEqual(chunkingTests);
  });
});

describe('focusExpression', () => {
  const suite = 'Kubernetes e2e suite';

  it('matches each test by its own name', () => {
    for (const name of readTests(list)) {
      expect(`${suite} ${name}`).toMatch(new RegExp(focusExpression([name])));
    }
  });

  it('matches no test whose name only begins like that', () => {
    const focus = new RegExp(focusExpression(['[sig-a] does (it).']));

    expect(`${suite} [sig-a] does (it).`).toMatch(focus);
    expect(`${suite} [sig-a] does (it). [Slow]`).not.toMatch(focus);
    expect(`${suite} [sig-a] does (it)!`).not.toMatch(focus);
  });
});
