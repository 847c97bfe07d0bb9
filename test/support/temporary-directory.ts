import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

/** An empty directory of the caller's own; `name` makes it recognisable when one is left after a crash. */
export async function createTemporaryDirectory(name: string): Promise<TemporaryDirectory> {
  const directory = await mkdtemp(path.join(tmpdir(), `marina-${name}-`));
  const remove = () => rm(directory, { recursive: true, force: true });
  return { path: directory, remove, [Symbol.asyncDispose]: remove };
}
