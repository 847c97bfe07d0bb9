import { spawn } from 'node:child_process';
import { projectRoot } from './project.ts';

/**
 * Runs Node, the one that runs this, in sight of who waits.
 * @returns its exit status; undefined when a signal ended it or it could not be started
 */
export function runNode(args: readonly string[], signal?: AbortSignal): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const options = { cwd: projectRoot, stdio: 'inherit', signal } as const;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], options);
  child.on('error', (error) => {
    if (!signal?.aborted) console.error(error.message);
  });
  child.on('close', (status) => resolve(status === null || status < 0 ? undefined : status));
  return promise;
}
