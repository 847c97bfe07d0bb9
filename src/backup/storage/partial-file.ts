import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** No segment of a key begins with a dot. */
const partialName = /^\.[-0-9a-f]{36}\.partial$/;

/** What is that much older than a file begun now belongs to a Marina that ended in the middle. */
const abandonedMs = 24 * 60 * 60 * 1000;

/** A file that takes its name when it is whole and safe on the disk, and is gone otherwise. */
export class PartialFile {
  readonly #root: string;
  readonly #target: string;
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(root: string, target: string, partial: string, handle: FileHandle) {
    this.#root = root;
    this.#target = target;
    this.#path = partial;
    this.#handle = handle;
  }

  /** Beside `target`, a path below `root`; folders between them are made. */
  static async create(root: string, target: string): Promise<PartialFile> {
    const folder = path.dirname(target);
    const partial = path.join(folder, `.${randomUUID()}.partial`);
    try {
      const handle = await openNew(folder, partial);
      await sweep(folder, partial).catch(() => undefined);
      return new PartialFile(root, target, partial, handle);
    } catch (error: unknown) {
      await removeEmptyFolders(root, folder);
      throw error;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    await this.#handle.writeFile(chunk);
  }

  /** On the disk, but not under its name yet. */
  async flush(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
  }

  /** In place of what had the name before. */
  async commit(): Promise<void> {
    await rename(this.#path, this.#target);
    for (let folder = path.dirname(this.#target); ; folder = path.dirname(folder)) {
      await syncFolder(folder);
      if (folder === this.#root) return;
    }
  }

  /** Takes back what is not committed. */
  async discard(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true });
    await removeEmptyFolders(this.#root, path.dirname(this.#target));
  }
}

/** `folder` and those above it, below `root`, as far as nothing is in them. */
export async function removeEmptyFolders(root: string, folder: string): Promise<void> {
  for (let empty = folder; empty !== root; empty = path.dirname(empty)) {
    try {
      await rmdir(empty);
    } catch {
      return;
    }
  }
}

/** Whoever removes an empty folder may do so between the two calls. */
async function openNew(folder: string, file: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt += 1) {
    await makeFolder(folder);
    try {
      return await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    } catch (error: unknown) {
      if (attempt === 3 || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** By hand: `recursive` of Node tells a read-only file system or a used up quota as a missing folder. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error: unknown) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    await makeFolder(path.dirname(folder));
    await makeFolder(folder);
  }
}

/** By the clock of the file system, which `begun` was just made in. */
async function sweep(folder: string, begun: string): Promise<void> {
  const { mtimeMs: nowMs } = await stat(begun);
  for (const name of await readdir(folder)) {
    if (!partialName.test(name)) continue;
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found && nowMs - found.mtimeMs > abandonedMs) await rm(file, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
