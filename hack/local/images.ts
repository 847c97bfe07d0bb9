import type { Image } from '../toolchain/images.ts';
import type { Context } from './context.ts';
import { execute } from './engine.ts';
import type { Shell } from './shell.ts';

const archiveLabel = 'marina.dev/archive';
const ctr = ['ctr', '--namespace', 'k8s.io', 'images'];

/** Loads those archives into a node that it does not have yet; what the node image brought along counts. Says which. */
export async function loadImages(
  context: Context,
  node: string,
  images: readonly Image[],
): Promise<readonly string[]> {
  const { shell } = context;
  const present = await listImages(context, node);
  const loaded: string[] = [];
  for (const image of images) {
    const id = await archiveId(shell, image.path);
    const labels = present.get(image.reference);
    if (
      labels !== undefined &&
      (!labels.includes(`${archiveLabel}=`) || labels.includes(`${archiveLabel}=${id}`))
    )
      continue;
    shell.progress(`loading ${image.reference} into ${node}`);
    const command = [...ctr, 'import', '--local', '--label', `${archiveLabel}=${id}`, '-'];
    await execute(context, node, command, { inputFile: image.path });
    loaded.push(image.reference);
  }
  return loaded;
}

/** Labels of every image of a node, by reference. */
async function listImages(context: Context, node: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await execute(context, node, [...ctr, 'list'])).trim().split('\n').slice(1);
  return new Map(lines.map((line) => [line.split(/\s+/)[0] ?? '', line.split(/\s+/).at(-1) ?? '']));
}

/** SHA-256 of the image's configuration, which names the image; read from the first file of a docker-archive. */
async function archiveId(shell: Shell, archive: string): Promise<string> {
  const text = await shell.run('tar', ['--occurrence=1', '-xOf', archive, 'manifest.json']);
  const [manifest] = JSON.parse(text) as readonly { readonly Config: string }[];
  return manifest?.Config.replace(/\.json$/, '') ?? '';
}
