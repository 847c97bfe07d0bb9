import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { hashInputs, logFile } from './cache.ts';
import { run, runLogged } from './command.ts';
import { debianRootKey, ensureDebianRoot } from './debian-root.ts';
import { ensureHostPackages } from './host-packages.ts';
import { commonEntries, program } from './image-contents.ts';
import { ensureLayer, treeEntries } from './layers.ts';
import type { Progress } from './progress.ts';
import { rootFiles } from './root-files.ts';
import type { WrittenTar } from './tar-writer.ts';

/** What the official Node binary loads, and what glibc loads by itself to resolve names. */
const libraries = [
  '/lib64/ld-linux-x86-64.so.2',
  ...['libc.so.6', 'libdl.so.2', 'libgcc_s.so.1', 'libm.so.6', 'libpthread.so.0', 'libstdc++.so.6'].map(
    inLibraryFolder,
  ),
  ...['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map(inLibraryFolder),
];

/** Needed by people and compilers only. */
const superfluous = /(?:\.map|\.d\.[cm]?ts|\.md|\.markdown)$/;

/** Node, glibc and what every image has. Node is the npm package that runs this very file, without its symbols. */
export async function ensureBaseLayer(checkout: string, progress: Progress): Promise<WrittenTar> {
  const node = path.join(checkout, 'node_modules/node/bin/node');
  const version = await run(node, ['--version']);
  const key = `layers/marina-base-${hashInputs([version, debianRootKey(), await sourceOf('marina-layers.ts', 'image-contents.ts', 'root-files.ts', 'tar-writer.ts')])}`;
  return await ensureLayer({ key, what: 'image layer with Node' }, progress, async (work) => {
    const debianRoot = await ensureDebianRoot(progress);
    await ensureHostPackages(['binutils'], progress);
    progress(`writing image layer with Node ${version.trim()}`);
    await mkdir(work);
    const stripped = path.join(work, 'node');
    await run('strip', ['-o', stripped, node]);
    return [
      ...commonEntries(debianRoot),
      ...(await rootFiles(debianRoot, libraries)),
      program('usr/local/bin/node', stripped),
    ];
  });
}

/** Production packages of the lockfile, without what only people and compilers read. */
export async function ensureNodeModulesLayer(checkout: string, progress: Progress): Promise<WrittenTar> {
  const inputs = ['package.json', 'package-lock.json', '.npmrc'];
  const contents = await Promise.all(inputs.map((name) => readFile(path.join(checkout, name))));
  const hash = hashInputs([...contents, await sourceOf('marina-layers.ts', 'layers.ts', 'tar-writer.ts')]);
  const entry = { key: `layers/marina-packages-${hash}`, what: 'image layer with npm packages' };
  return await ensureLayer(entry, progress, async (work) => {
    progress('writing image layer with production npm packages');
    await mkdir(work);
    for (const name of inputs) await copyFile(path.join(checkout, name), path.join(work, name));
    const flags = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
    await runLogged('npm', ['ci', ...flags], logFile('marina-npm-ci'), { cwd: work });
    const packages = await treeEntries(
      path.join(work, 'node_modules'),
      'app/node_modules',
      isNeededAtRunTime,
    );
    return packages;
  });
}

/** @param file relative to node_modules */
export function isNeededAtRunTime(file: string): boolean {
  if (file === '.bin' || file === '.package-lock.json' || file === 'typescript') return false;
  return !superfluous.test(file);
}

function inLibraryFolder(name: string): string {
  return `/usr/lib/x86_64-linux-gnu/${name}`;
}

async function sourceOf(...names: readonly string[]): Promise<string> {
  const files = await Promise.all(
    names.map((name) => readFile(path.join(import.meta.dirname, name), 'utf8')),
  );
  return files.join('\n');
}
