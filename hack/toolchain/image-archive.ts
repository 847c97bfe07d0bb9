import { createHash } from 'node:crypto';
import { writeTar } from './tar-writer.ts';
import type { WrittenTar } from './tar-writer.ts';

export type ImageConfig = {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** `uid` or `uid:gid`; root when absent, as upstream's control-plane images have it. */
  readonly user?: string;
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Writes an image as `docker save` would (docker-archive), which containerd, podman and Docker load alike.
 * @param layers lowest first, uncompressed tar files
 * @returns the image's identity: SHA-256 of its configuration
 */
export async function writeImageArchive(
  output: string,
  references: readonly string[],
  layers: readonly WrittenTar[],
  config: ImageConfig,
): Promise<string> {
  const configuration = JSON.stringify(imageConfiguration(layers, config));
  const id = createHash('sha256').update(configuration).digest('hex');
  const manifest = [
    {
      Config: `${id}.json`,
      RepoTags: references,
      Layers: layers.map((layer) => `${layer.sha256}.tar`),
    },
  ];
  await writeTar(output, [
    { type: 'file', path: 'manifest.json', content: JSON.stringify(manifest) },
    { type: 'file', path: `${id}.json`, content: configuration },
    ...layers.map((layer) => ({ type: 'file' as const, path: `${layer.sha256}.tar`, source: layer.path })),
  ]);
  return id;
}

/** Docker Image Specification v1.2, "Image JSON Description". */
function imageConfiguration(layers: readonly WrittenTar[], config: ImageConfig): unknown {
  return {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      Env: [defaultPath, ...(config.environment ?? [])],
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      User: config.user,
      WorkingDir: config.workingDirectory ?? '/',
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${layer.sha256}`) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'marina toolchain' })),
  };
}
