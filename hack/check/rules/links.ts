import path from 'node:path';
import type { Finding, ProjectFile } from '../project.ts';

/** `[text](target)`, `![text](target "title")` and `[label]: target`. */
const link = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)/g;
const absolute = /^([a-z][a-z0-9+.-]*:|\/\/|#)/i;

/** Relative links in Markdown lead to a file or folder of the project. Text in code blocks and code spans is no link. */
export function checkLinks(files: readonly ProjectFile[]): readonly Finding[] {
  const targets = new Set(files.flatMap((file) => withParents(file.path)));
  const findings: Finding[] = [];
  for (const file of files) {
    if (!file.path.endsWith('.md')) continue;
    for (const { line, target } of relativeLinks(file.text)) {
      const [wanted = ''] = decodeURI(target).split('#');
      const resolved = path.posix.join(path.posix.dirname(file.path), wanted).replace(/\/$/, '');
      if (!targets.has(resolved))
        findings.push({ file: file.path, line, message: `link to ${target} leads nowhere` });
    }
  }
  return findings;
}

function relativeLinks(markdown: string): readonly { line: number; target: string }[] {
  const links: { line: number; target: string }[] = [];
  let inCode = false;
  for (const [index, text] of markdown.split('\n').entries()) {
    if (/^\s*(```|~~~)/.test(text)) inCode = !inCode;
    if (inCode) continue;
    for (const match of text.replaceAll(/`[^`]*`/g, '``').matchAll(link)) {
      const target = match[1] ?? match[2] ?? '';
      if (!absolute.test(target)) links.push({ line: index + 1, target });
    }
  }
  return links;
}

/** `a/b/c.md` and the folders `a/b`, `a` and `.` that it proves. */
function withParents(file: string): readonly string[] {
  const parent = path.posix.dirname(file);
  return parent === file ? [file] : [file, ...withParents(parent)];
}
