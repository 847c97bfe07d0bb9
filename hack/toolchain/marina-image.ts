import { glob, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { hashInputs } from './cache.ts';
import { probe } from './command.ts';
import { ToolchainError } from './errors.ts';
import { writeImageArchive } from './image-archive.ts';
import type { Image } from './images.ts';
import { treeEntries } from './layers.ts';
import { withLock } from './lock.ts';
import { ensureBaseLayer, ensureNodeModulesLayer } from './marina-layers.ts';
import { progressToStderr } from './progress.ts';
import type { Progress } from './progress.ts';
import { writeTar } from './tar-writer.ts';
import type { WrittenTar } from './tar-writer.ts';

const checkout = path.resolve(import.meta.dirname, '../..');

/** Pods may override it; a small young generation saves more memory than its collections cost at Marina's rate of allocation. */
const nodeOptions = '--max-semi-space-size=1 --disable-warning=ExperimentalWarning';

/**
 * Marina's own image, of the code in this checkout and named after it: `localhost/marina:<hash>`. The archive is in the checkout's
 * state folder. Node and npm packages are layers that change seldom, so after a change of code this takes as long as the compiler.
 * @throws ToolchainError BuildFailed with the compiler's errors
 */
export async function ensureMarinaImage(progress: Progress = progressToStderr): Promise<Image> {
  const layers = [
    await ensureBaseLayer(checkout, progress),
    await ensureNodeModulesLayer(checkout, progress),
  ];
  const hash = hashInputs([nodeOptions, ...layers.map((layer) => layer.sha256), ...(await sourceInputs())]);
  const directory = path.join(checkout, '.marina', 'image');
  const image = { reference: `localhost/marina:${hash}`, path: path.join(directory, `marina-${hash}.tar`) };
  if (existsSync(image.path)) return image;

  return await withLock(path.join(directory, 'lock'), 'image marina', progress, async () => {
    if (existsSync(image.path)) return image;
    progress('compiling Marina');
    const work = path.join(directory, 'work');
    await rm(work, { recursive: true, force: true });
    try {
      const application = await compile(work);
      progress(`writing image ${image.reference}`);
      const archive = path.join(work, 'image.tar');
      await writeImageArchive(archive, [image.reference], [...layers, application], {
        entrypoint: ['/usr/local/bin/node', '/app/dist/src/main.js'],
        workingDirectory: '/app',
        user: '65532:65532',
        environment: ['NODE_ENV=production', `NODE_OPTIONS=${nodeOptions}`],
      });
      await removeArchives(directory);
      await rename(archive, image.path);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return image;
  });
}

/** Everything that the compiler reads, each file by its name and content. */
async function sourceInputs(): Promise<readonly (string | Buffer)[]> {
  const files: string[] = ['package.json', 'tsconfig.json', 'tsconfig.build.json'];
  for await (const file of glob('{src,migrations}/**/*', { cwd: checkout, withFileTypes: true })) {
    if (file.isFile() && !file.name.endsWith('.test.ts')) {
      files.push(path.relative(checkout, path.join(file.parentPath, file.name)));
    }
  }
  const inputs: (string | Buffer)[] = [];
  for (const file of files.sort()) inputs.push(file, await readFile(path.join(checkout, file)));
  return inputs;
}

async function compile(work: string): Promise<WrittenTar> {
  const dist = path.join(work, 'dist');
  await mkdir(dist, { recursive: true });
  const compiler = path.join(checkout, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '--project', 'tsconfig.build.json', '--outDir', dist];
  const { status, stdout, stderr } = await probe(process.execPath, args, { cwd: checkout });
  if (status !== 0) {
    throw new ToolchainError('BuildFailed', 'tsc', `Marina does not compile:\n${stdout}${stderr}`);
  }
  return await writeTar(path.join(work, 'application.tar'), [
    { type: 'file', path: 'app/package.json', source: path.join(checkout, 'package.json') },
    ...(await treeEntries(dist, 'app/dist')),
  ]);
}

async function removeArchives(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith('.tar')) await rm(path.join(directory, name));
  }
}
