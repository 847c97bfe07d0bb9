import type { Finding } from '../project.ts';

const folder = 'docs/decisions/';

/** Decisions are called NNNN-title.md and numbered from 0001 without a gap or a double: a decision is superseded, never removed. */
export function checkDecisions(files: readonly string[]): readonly Finding[] {
  const decisions = files.filter((file) => file.startsWith(folder) && file !== `${folder}README.md`).sort();
  const findings: Finding[] = [];
  let last = 0;
  for (const file of decisions) {
    const number = /^(\d{4})-[^/]+\.md$/.exec(file.slice(folder.length))?.[1];
    if (number === undefined) {
      findings.push({ file, message: 'is not called NNNN-title.md' });
      continue;
    }
    if (Number(number) !== last + 1) {
      findings.push({ file, message: `the number after ${fourDigits(last)} is ${fourDigits(last + 1)}` });
    }
    last = Number(number);
  }
  return findings;
}

function fourDigits(number: number): string {
  return String(number).padStart(4, '0');
}
