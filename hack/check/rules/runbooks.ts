import type { Finding, ProjectFile } from '../project.ts';

const folder = 'docs/runbooks/';
const index = `${folder}README.md`;

export interface KnownReasons {
  /** Need a person, so each has a page. */
  readonly lasting: readonly string[];
  /** May have one. */
  readonly others: readonly string[];
}

interface Page {
  readonly file: string;
  readonly title: string;
  readonly reasons: readonly string[];
}

/**
 * A runbook is called after the first of the reasons in its title: `# RootsMissing, RootsChanged`. Every reason that needs a
 * person is in one title, every title is of reasons that exist, and the table of contents leads to every page.
 */
export function checkRunbooks(files: readonly ProjectFile[], known: KnownReasons): readonly Finding[] {
  const pages = files.flatMap(toPage);
  const contents = files.find(({ path }) => path === index)?.text ?? '';
  const findings: Finding[] = [];
  const seen = new Map<string, string>();
  for (const { file, title, reasons } of pages) {
    if (file !== `${folder}${reasons[0]}.md`) findings.push({ file, line: 1, message: `is about ${title}` });
    if (!contents.includes(`[${title}](${file.slice(folder.length)})`)) {
      findings.push({ file: index, message: `does not list [${title}](${file.slice(folder.length)})` });
    }
    for (const reason of reasons) {
      const other = seen.get(reason);
      if (other) findings.push({ file, line: 1, message: `${reason} has a page already: ${other}` });
      if (![...known.lasting, ...known.others].includes(reason)) {
        findings.push({ file, line: 1, message: `there is no reason ${reason}` });
      }
      seen.set(reason, file);
    }
  }
  for (const reason of known.lasting) {
    if (!seen.has(reason)) findings.push({ file: folder, message: `no page for ${reason}` });
  }
  return findings;
}

function toPage({ path: file, text }: ProjectFile): Page[] {
  if (!file.startsWith(folder) || file === index) return [];
  const title = /^# (.+)/.exec(text)?.[1] ?? '';
  return [{ file, title, reasons: title.split(', ') }];
}
