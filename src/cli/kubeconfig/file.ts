import { readFile, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { writePrivately } from '../settings/config-file.ts';

/** The file that kubectl writes to as well: the first of KUBECONFIG, or ~/.kube/config. */
export function userKubeconfig(environment: Readonly<Record<string, string | undefined>>): string {
  const [first] = (environment['KUBECONFIG'] ?? '').split(path.delimiter).filter((file) => file !== '');
  return first ?? path.join(environment['HOME'] ?? homedir(), '.kube', 'config');
}

/** Changes a file as a whole; one that is not there is empty. A link stays one. */
export async function changeFile(file: string, change: (text: string) => string): Promise<void> {
  const target = await targetOf(file);
  await writePrivately(target, change(await readIfThere(target)));
}

async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error: unknown) {
    if (isMissing(error)) return file;
    throw error;
  }
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error: unknown) {
    if (isMissing(error)) return '';
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
