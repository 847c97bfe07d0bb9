import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { preProcessFile } from 'typescript';
import { run } from '../toolchain/command.ts';
import { projectRoot } from './project.ts';

const entry = 'src/cli/main.js';

/** package.json, as far as it is of interest here. */
interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly description: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Modules that a program loads, now or later. */
interface Reached {
  /** Relative to the folder. */
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

/**
 * The npm package `marina` in `folder`, which is made anew: what src/cli reaches of src, and nothing of the server.
 * @returns the path of the packed file
 */
export async function packCli(folder: string): Promise<string> {
  const compiled = path.join(folder, 'compiled');
  const stage = path.join(folder, 'package');
  await rm(folder, { recursive: true, force: true });
  await run(
    path.join(projectRoot, 'node_modules/.bin/tsc'),
    ['-p', 'tsconfig.cli.json', '--outDir', compiled],
    {
      cwd: projectRoot,
    },
  );
  const { files, packages } = await reachedFrom(compiled, entry);
  for (const file of files) {
    await mkdir(path.dirname(path.join(stage, file)), { recursive: true });
    await cp(path.join(compiled, file), path.join(stage, file));
  }
  await chmod(path.join(stage, entry), 0o755);
  const root = JSON.parse(await readFile(path.join(projectRoot, 'package.json'), 'utf8')) as Manifest;
  await writeFile(
    path.join(stage, 'package.json'),
    `${JSON.stringify(manifest(root, packages), undefined, 2)}\n`,
  );
  await cp(path.join(projectRoot, 'LICENSE'), path.join(stage, 'LICENSE'));
  await cp(path.join(projectRoot, 'docs/guides/cli.md'), path.join(stage, 'README.md'));
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: stage });
  return path.join(folder, `marina-${root.version}.tgz`);
}

/** @throws Error for a package that the checkout does not name */
function manifest(root: Manifest, packages: readonly string[]): object {
  const versions = { ...root.devDependencies, ...root.dependencies };
  const dependencies = packages.map((name): readonly [string, string] => {
    const version = versions[name];
    if (version === undefined) throw new Error(`src/cli needs ${name}, which package.json does not name`);
    return [name, version];
  });
  return {
    name: 'marina',
    version: root.version,
    description: `${root.description}: the command line`,
    license: root.license,
    type: 'module',
    // Node before 22.19 cannot load undici 8.
    engines: { node: '>=22.19' },
    bin: { marina: entry, 'kubectl-marina': entry },
    dependencies: Object.fromEntries(dependencies),
  };
}

async function reachedFrom(folder: string, first: string): Promise<Reached> {
  const files = new Set([first]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const specifier of importsOf(await readFile(path.join(folder, file), 'utf8'))) {
      if (specifier.startsWith('node:')) continue;
      if (specifier.startsWith('.')) files.add(path.posix.join(path.posix.dirname(file), specifier));
      else packages.add(packageOf(specifier));
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** Those of `import()` as well. */
function importsOf(source: string): readonly string[] {
  return preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** e.g. `@a/b` of `@a/b/c.js`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
