import { parse } from 'yaml';
import { CliError } from '../failure.ts';

type Container = Record<string, unknown> | unknown[];

/** `a.b[0].c=value`: a path below `spec`, and a value in YAML. A dot in a name is written `\.`. @throws CliError `usage` */
export function readAssignment(text: string): { readonly path: readonly string[]; readonly value: unknown } {
  const at = text.indexOf('=');
  const wrong = (what: string) =>
    new CliError('usage', `--set ${text}: ${what}.`, {
      advice: 'Write for example --set networkProfile.podCidrs=[10.244.0.0/16].',
    });
  if (at < 1) throw wrong('has to be path=value');
  try {
    return {
      path: readPath(text.slice(0, at).replace(/^spec\./, '')),
      value: parse(text.slice(at + 1)) as unknown,
    };
  } catch (error: unknown) {
    throw wrong(error instanceof CliError ? error.message : 'the value is no YAML');
  }
}

function readPath(text: string): readonly string[] {
  const parts = text
    .replace(/\[(\d+)\]/g, '.$1')
    .split(/(?<!\\)\./)
    .map((part) => part.replaceAll('\\.', '.'));
  if (parts.some((part) => part === '' || part === '__proto__')) throw new CliError('usage', 'is no path');
  return parts;
}

/** Puts a value in, with all that is missing on the way; numbers count the entries of lists. */
export function setAt(target: Container, path: readonly string[], value: unknown): void {
  let at = target;
  for (const [index, part] of path.entries()) {
    if (index === path.length - 1) return put(at, part, value);
    const next = (at as Record<string, unknown>)[part];
    if (typeof next === 'object' && next !== null) {
      at = next as Container;
      continue;
    }
    const made: Container = /^\d+$/.test(path[index + 1] ?? '') ? [] : {};
    put(at, part, made);
    at = made;
  }
}

function put(container: Container, part: string, value: unknown): void {
  if (!Array.isArray(container)) {
    container[part] = value;
    return;
  }
  const index = Number(part);
  if (!/^\d+$/.test(part) || index > container.length)
    throw new CliError('usage', `[${part}] is past the end of a list of ${container.length}.`);
  container[index] = value;
}
