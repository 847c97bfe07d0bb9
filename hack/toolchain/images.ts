import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ensureBinaries } from './binaries.ts';
import type { BinaryName } from './binaries.ts';
import { ensureCached, fileIdentity, hashInputs } from './cache.ts';
import { debianRootKey, ensureDebianRoot } from './debian-root.ts';
import { moduleDirectory } from './go.ts';
import { writeImageArchive } from './image-archive.ts';
import { commonEntries } from './image-contents.ts';
import { imageDefinitions } from './image-definitions.ts';
import type { ImageDefinition, ImageName } from './image-definitions.ts';
import { progressToStderr } from './progress.ts';
import type { Progress } from './progress.ts';
import { writeTar } from './tar-writer.ts';

export type { ImageName } from './image-definitions.ts';

/** `path` is a docker-archive, for `kind load image-archive`, `podman load` or `ctr images import`. */
export type Image = { readonly reference: string; readonly path: string };

export const imageNames = Object.keys(imageDefinitions) as readonly ImageName[];

/** Loaded into the management cluster when it wants them. */
const loadedLater: readonly ImageName[] = ['datastore-postgres', 'metrics-server'];

/** What every management cluster and worker has on board. */
export const commonImageNames = imageNames.filter((name) => !loadedLater.includes(name));

export function imageReference(name: ImageName): string {
  return imageDefinitions[name].reference;
}

/** Image archives of pinned programs under upstream's names, in the order of `names`; made without a container engine. */
export async function ensureImages(
  names: readonly ImageName[] = commonImageNames,
  progress: Progress = progressToStderr,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const name of names) images.push(await ensureImage(name, imageDefinitions[name], progress));
  return images;
}

/** @param name of its place in the cache; its contents come from `definition` and the common ones of every image */
export async function ensureImage(
  name: string,
  definition: ImageDefinition,
  progress: Progress = progressToStderr,
): Promise<Image> {
  const binaries: Partial<Record<BinaryName, string>> = await ensureBinaries(definition.binaries, progress);
  const binary = (wanted: BinaryName): string => {
    const found = binaries[wanted];
    if (!found) throw new TypeError(`the definition of image ${name} does not list ${wanted}`);
    return found;
  };
  const entry = { key: `images/${name}-${await imageHash(definition, binary)}`, what: `image ${name}` };
  const directory = await ensureCached(entry, progress, async (target) => {
    const debianRoot = await ensureDebianRoot(progress);
    progress(`writing image ${definition.reference}`);
    const workDirectory = path.join(target, 'work');
    const entries = [
      ...commonEntries(debianRoot),
      ...(await definition.entries({ binary, debianRoot, workDirectory })),
    ];
    const layer = await writeTar(path.join(target, 'layer.tar'), entries);
    await writeImageArchive(
      path.join(target, 'image.tar'),
      [definition.reference],
      [layer],
      definition.config,
    );
    await rm(layer.path);
    await rm(workDirectory, { recursive: true, force: true });
  });
  return { reference: definition.reference, path: path.join(directory, 'image.tar') };
}

/** The files of this folder that decide what is in an image; editing one makes the images anew. */
const sources = [
  'image-archive.ts',
  'image-contents.ts',
  'image-definitions.ts',
  'root-files.ts',
  'tar-writer.ts',
];

async function imageHash(definition: ImageDefinition, binary: (name: BinaryName) => string): Promise<string> {
  const files = [
    ...sources.map((name) => path.join(import.meta.dirname, name)),
    path.join(moduleDirectory('pause'), 'main.go'),
  ];
  return hashInputs([
    definition.reference,
    JSON.stringify(definition.config),
    debianRootKey(),
    ...(await Promise.all(definition.binaries.map((name) => fileIdentity(binary(name))))),
    ...(await Promise.all(files.map((file) => readFile(file)))),
  ]);
}
