import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const projectRoot = path.resolve(import.meta.dirname, '..', '..');

export interface ProjectFile {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** What a check has against one place. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  readonly message: string;
}

/** Folders of code that is generated or not ours to name. */
const foreign = new Set(['.git', 'hack/toolchain/modules', 'package-lock.json']);

/** All files that git would have, found without git: a checkout may be a plain copy. .gitignore has plain names only. */
export function readProject(root: string = projectRoot): readonly ProjectFile[] {
  const ignored = new Set(readFileSync(path.join(root, '.gitignore'), 'utf8').split('\n'));
  const files: ProjectFile[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(path.join(root, directory), { withFileTypes: true })) {
      const name = path.posix.join(directory, entry.name);
      if (ignored.has(entry.name) || foreign.has(name)) continue;
      if (entry.isDirectory()) visit(name);
      if (entry.isFile()) files.push({ path: name, text: readFileSync(path.join(root, name), 'utf8') });
    }
  };
  visit('.');
  return files;
}

export function formatFinding({ file, line, message }: Finding): string {
  return `${file}${line === undefined ? '' : `:${line}`}  ${message}`;
}
