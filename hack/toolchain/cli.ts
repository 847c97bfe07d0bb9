import { ensureBinaries } from './binaries.ts';
import { ToolchainError } from './errors.ts';
import { ensureImages, imageNames } from './images.ts';
import type { ImageName } from './images.ts';
import { isBinaryName, recipes } from './recipes.ts';
import type { BinaryName } from './recipes.ts';

const usage = `Usage: node hack/toolchain/cli.ts binaries|images [names]
       node hack/toolchain/cli.ts marina-image|node-image

Prints the path (and for images the reference) of everything asked for, making what is missing. Without names: all.`;

try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof ToolchainError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}

async function main(command: string | undefined, names: readonly string[]): Promise<void> {
  switch (command) {
    case 'binaries': {
      const paths = await ensureBinaries(names.length > 0 ? names.map(binaryName) : allBinaries());
      for (const [name, path] of Object.entries(paths)) print(name, path);
      return;
    }
    case 'images': {
      const images = await ensureImages(names.length > 0 ? names.map(imageName) : imageNames);
      for (const { reference, path } of images) print(reference, path);
      return;
    }
    case 'marina-image': {
      const { ensureMarinaImage } = await import('./marina-image.ts');
      const { reference, path } = await ensureMarinaImage();
      print(reference, path);
      return;
    }
    case 'node-image': {
      const { ensureNodeImage } = await import('./node-image.ts');
      const { reference, imageStore } = await ensureNodeImage();
      print(reference, imageStore);
      return;
    }
    default:
      process.stderr.write(`${usage}\n`);
      process.exitCode = command === '--help' ? 0 : 2;
  }
}

function allBinaries(): readonly BinaryName[] {
  return Object.keys(recipes).filter(isBinaryName);
}

function binaryName(name: string): BinaryName {
  if (isBinaryName(name)) return name;
  throw new ToolchainError(
    'InputMissing',
    'binaries',
    `there is no binary ${name}; known are ${allBinaries().join(', ')}`,
  );
}

function imageName(name: string): ImageName {
  const known = imageNames.find((candidate) => candidate === name);
  if (known) return known;
  throw new ToolchainError(
    'InputMissing',
    'images',
    `there is no image ${name}; known are ${imageNames.join(', ')}`,
  );
}

function print(what: string, where: string): void {
  process.stdout.write(`${what}\t${where}\n`);
}
