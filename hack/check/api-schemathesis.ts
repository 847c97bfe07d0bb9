import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureCached, hashInputs, logFile } from '../toolchain/cache.ts';
import { probe, run, runLogged } from '../toolchain/command.ts';
import { ensureHostPackages } from '../toolchain/host-packages.ts';
import { type Progress, progressToStderr } from '../toolchain/progress.ts';

const requirements = path.join(import.meta.dirname, 'api-requirements.txt');

/** A program, and what comes before its own arguments. */
export interface Schemathesis {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * schemathesis from PyPI in a virtual environment of the cache, with every package as api-requirements.txt has it.
 * @throws ToolchainError HostUnsupported, CommandFailed
 */
export async function ensureSchemathesis(progress: Progress = progressToStderr): Promise<Schemathesis> {
  const python = await findPython(progress);
  const version = await run(python, ['-VV']);
  const key = `schemathesis/${hashInputs([await readFile(requirements), python, version])}`;
  const directory = await ensureCached({ key, what: 'schemathesis' }, progress, async (temporary) => {
    progress('installing schemathesis from PyPI (half a minute)');
    const log = logFile('schemathesis');
    await runLogged(python, ['-m', 'venv', temporary], log);
    const flags = ['--require-hashes', '--only-binary=:all:', '--no-deps', '--disable-pip-version-check'];
    const pip = path.join(temporary, 'bin', 'python');
    await runLogged(pip, ['-m', 'pip', 'install', ...flags, '-r', requirements], log);
  });
  // By the interpreter: programs of a virtual environment have its first place written into them.
  return { command: path.join(directory, 'bin', 'python'), args: ['-m', 'schemathesis.cli'] };
}

/** Debian has the part of Python that makes virtual environments in a package of its own. */
async function findPython(progress: Progress): Promise<string> {
  const canMake = (python: string) => probe(python, ['-c', 'import ensurepip, venv']);
  if ((await canMake('python3')).status === 0) return 'python3';
  await ensureHostPackages(['python3-venv'], progress);
  return '/usr/bin/python3';
}
