import { spawn } from 'node:child_process';
import { ensureBinaries } from '../toolchain/binaries.ts';
import { LocalError } from './errors.ts';
import type { Kubectl } from './kubectl.ts';

/** A free local port that leads to a port of a pod, until it is disposed of. */
export async function portForward(
  kubectl: Kubectl,
  { namespace, target, port }: { readonly namespace: string; readonly target: string; readonly port: number },
): Promise<AsyncDisposable & { readonly port: number }> {
  const program = await ensureBinaries(['kubectl']);
  const args = [
    '--kubeconfig',
    kubectl.kubeconfig,
    '--namespace',
    namespace,
    'port-forward',
    target,
    `:${port}`,
  ];
  const child = spawn(program.kubectl, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = Promise.withResolvers<void>();
  child.on('close', () => ended.resolve());
  child.on('error', () => ended.resolve());
  const opened = Promise.withResolvers<number>();
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    const local = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
    if (local) opened.resolve(Number(local));
  });
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const local = await Promise.race([opened.promise, ended.promise]);
  if (!local) {
    throw new LocalError({
      code: 'CommandFailed',
      operation: `port-forward ${target}`,
      message: output.trim(),
    });
  }
  return {
    port: local,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended.promise;
    },
  };
}
