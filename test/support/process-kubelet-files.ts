import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ConfigMap, Pod, Secret } from '../../src/kube/resources.ts';

/** Objects that volumes are made of, by name. */
export interface VolumeSources {
  readonly secret: (name: string) => Secret | undefined;
  readonly configMap: (name: string) => ConfigMap | undefined;
}

/** Contents by absolute path in the container. */
export type MountedFiles = ReadonlyMap<string, string>;

type PodSpec = NonNullable<Pod['spec']>;
type Container = PodSpec['containers'][number];
type Projection = NonNullable<
  NonNullable<NonNullable<PodSpec['volumes']>[number]['projected']>['sources']
>[number];

/** The files of a container's projected volumes; undefined while a Secret, a ConfigMap or a key is missing. */
export function mountedFiles(
  spec: PodSpec,
  container: Container,
  sources: VolumeSources,
): MountedFiles | undefined {
  const files = new Map<string, string>();
  for (const { name, mountPath } of container.volumeMounts ?? []) {
    const volume = spec.volumes?.find((each) => each.name === name);
    for (const projection of volume?.projected?.sources ?? []) {
      for (const { key, path: file } of (projection.secret ?? projection.configMap)?.items ?? []) {
        const content = contentOf(projection, key, sources);
        if (content === undefined) return undefined;
        files.set(path.posix.join(mountPath, file), content);
      }
    }
  }
  return files;
}

function contentOf(
  { secret, configMap }: Projection,
  key: string,
  sources: VolumeSources,
): string | undefined {
  if (configMap) return sources.configMap(configMap.name ?? '')?.data?.[key];
  const encoded = sources.secret(secret?.name ?? '')?.data?.[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
}

/** Writes files below `root`; each is replaced as a whole, so that a program that reads it never sees half of it. */
export async function writeMounted(root: string, files: MountedFiles): Promise<void> {
  for (const [name, content] of files) {
    const target = path.join(root, name);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(`${target}.new`, content, { mode: 0o600 });
    await rename(`${target}.new`, target);
  }
}
