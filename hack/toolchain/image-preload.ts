import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { logFile } from './cache.ts';
import { probe, runLogged } from './command.ts';
import { ToolchainError } from './errors.ts';

export type PreloadBinaries = { readonly containerd: string; readonly ctr: string };

const startTimeout = 30_000;

/**
 * Unpacks image archives into a containerd root directory, for nodes to find them there, by a containerd that lives as long as
 * this call.
 * @param containerdRoot `var/lib/containerd` of a file system that no containerd uses
 */
export async function preloadImages(
  containerdRoot: string,
  archives: readonly string[],
  binaries: PreloadBinaries,
): Promise<void> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'marina-preload-'));
  const socket = path.join(directory, 'containerd.sock');
  const log = logFile('node-image-preload');
  try {
    await mkdir(path.dirname(log), { recursive: true });
    const config = path.join(directory, 'config.toml');
    await writeFile(config, containerdConfig(containerdRoot, directory, socket));
    const output = openSync(log, 'w');
    const daemon = spawn(binaries.containerd, ['--config', config], { stdio: ['ignore', output, output] });
    const ended = once(daemon, 'exit').catch(() => undefined);
    try {
      await untilServing(binaries.ctr, socket, log);
      for (const archive of archives) {
        const flags = ['--local', '--discard-unpacked-layers'];
        await runLogged(
          binaries.ctr,
          ['--address', socket, '-n', 'k8s.io', 'images', 'import', ...flags, archive],
          log,
        );
      }
    } finally {
      daemon.kill('SIGTERM');
      await ended;
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function containerdConfig(root: string, directory: string, socket: string): string {
  return `version = 3
root = '${root}'
state = '${path.join(directory, 'state')}'
temp = '${directory}'
disabled_plugins = ['io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime', 'io.containerd.nri.v1.nri']
[grpc]
address = '${socket}'
[plugins.'io.containerd.internal.v1.opt']
path = '${path.join(directory, 'opt')}'
`;
}

async function untilServing(ctr: string, socket: string, log: string): Promise<void> {
  const deadline = performance.now() + startTimeout;
  while (performance.now() < deadline) {
    const { status } = await probe(ctr, ['--address', socket, '--connect-timeout', '1s', 'version']);
    if (status === 0) return;
    await delay(200);
  }
  throw new ToolchainError(
    'CommandFailed',
    'containerd',
    `containerd did not start in ${startTimeout / 1000} s: see ${log}`,
  );
}
