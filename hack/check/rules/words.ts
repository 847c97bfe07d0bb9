import type { Finding, ProjectFile } from '../project.ts';

/** The list itself, and what proves that it works. */
const exempt = /^hack\/check\/rules\/words\./;

/** @param list the text of words.txt */
export function checkWords(files: readonly ProjectFile[], list: string): readonly Finding[] {
  const patterns = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const any = new RegExp(patterns.join('|'), 'i');
  const findings: Finding[] = [];
  for (const { path: file, text } of files) {
    if (exempt.test(file) || !any.test(text)) continue;
    for (const [index, line] of text.split('\n').entries()) {
      const word = any.exec(line)?.[0];
      if (word)
        findings.push({ file, line: index + 1, message: `"${word}" is in hack/check/rules/words.txt` });
    }
  }
  return findings;
}
