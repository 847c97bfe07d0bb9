import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { checkWords } from './words.ts';

const list = readFileSync(path.join(import.meta.dirname, 'words.txt'), 'utf8');

it.each(['see issue 3', 'by a Subagent', '// from design.md', 'run /tmp/warm/kubeadm'])(
  '%j is found',
  (text) => {
    const findings = checkWords([{ path: 'src/a.ts', text: `\n${text}\n` }], list);

    expect(findings).toEqual([expect.objectContaining({ file: 'src/a.ts', line: 2 })]);
  },
);

it.each(['konnectivity agent', 'kubernetes/kubernetes#123', 'an issued certificate', 'a TLS session'])(
  '%j is no such word',
  (text) => {
    expect(checkWords([{ path: 'src/a.ts', text }], list)).toEqual([]);
  },
);

it('the list may name its words', () => {
  expect(checkWords([{ path: 'hack/check/rules/words.txt', text: list }], list)).toEqual([]);
});
