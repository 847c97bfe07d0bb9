import { randomUUID } from 'node:crypto';
import { constants, type Dirent } from 'node:fs';
import { type FileHandle, lstat, open, readdir, realpath, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type Failpoints, noFailpoints } from '../../engine/failpoints.ts';
import { checkStorage, kindOf } from './check.ts';
import { BackupStorageError } from './errors.ts';
import { interruptible } from './interruptible.ts';
import { isKey, requireKey, requirePrefix } from './keys.ts';
import { PartialFile, removeEmptyFolders } from './partial-file.ts';
import type { DeleteOptions, ObjectStorage, PutOptions, StoredObject } from './storage.ts';
import { asVolumeError, onVolume } from './volume-errors.ts';

export interface VolumeLocation {
  /** Where the volume is mounted; it has to be there. */
  readonly directory: string;
  /** Below it, without `..`; made when it is not there. */
  readonly subPath?: string;
}

type WriteOnVolume = <T>(verb: string, work: () => Promise<T>) => Promise<T>;

/** Files in a directory: the key is the path. What Marina did not put there is left alone, and links are not followed. */
export class VolumeStorage implements ObjectStorage {
  readonly #location: VolumeLocation;
  readonly #failpoints: Failpoints;

  constructor(location: VolumeLocation, failpoints: Failpoints = noFailpoints) {
    this.#location = location;
    this.#failpoints = failpoints;
  }

  async put(
    key: string,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<StoredObject> {
    const { signal, fence } = options;
    const operation = `volume: put ${key}`;
    requireKey(operation, key);
    const place = await this.#place(operation, key);
    const write: WriteOnVolume = (verb, work) => this.#write({ verb, operation, key }, work, fence);
    const partial = await write('create-file', () => PartialFile.create(place.root, place.file));
    try {
      for await (const chunk of interruptible(content, signal)) {
        await write('append-to-file', () => partial.append(chunk));
      }
      await onVolume(operation, () => partial.flush());
      signal?.throwIfAborted();
      await write('commit-file', () => partial.commit());
    } catch (error: unknown) {
      await partial.discard().catch(() => undefined);
      throw error;
    }
    return await onVolume(operation, () => describe(key, place.file));
  }

  async get(key: string): Promise<AsyncIterable<Uint8Array>> {
    const operation = `volume: get ${key}`;
    requireKey(operation, key);
    const { file } = await this.#place(operation, key);
    const handle = await onVolume(operation, () => open(file, constants.O_RDONLY | constants.O_NOFOLLOW));
    if ((await handle.stat()).isFile()) return read(handle, operation);
    await handle.close();
    throw new BackupStorageError('NotFound', operation, 'there is no such object');
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const operation = `volume: list ${prefix}`;
    requirePrefix(operation, prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const root = await this.#root(operation);
    await onVolume(operation, () => requireNoLinks(operation, path.resolve(root, folder)));
    try {
      for await (const object of walk(root, folder)) {
        if (object.key.startsWith(prefix)) yield object;
      }
    } catch (error: unknown) {
      throw asVolumeError(operation, error);
    }
  }

  async delete(key: string, { fence }: DeleteOptions = {}): Promise<void> {
    const operation = `volume: delete ${key}`;
    requireKey(operation, key);
    const { root, file } = await this.#place(operation, key);
    const remove = async () => {
      await unlink(file).catch(ignoreMissing);
      await removeEmptyFolders(root, path.dirname(file));
    };
    await this.#write({ verb: 'delete-file', operation, key }, remove, fence);
  }

  async check(): Promise<void> {
    await checkStorage(this, 'volume', randomUUID());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** `verb` is also the failpoint, with the kind of object: `volume/archive/commit-file`. */
  async #write<T>(
    { verb, operation, key }: { readonly verb: string; readonly operation: string; readonly key: string },
    work: () => Promise<T>,
    fence: PutOptions['fence'],
  ): Promise<T> {
    return await this.#failpoints.around(`volume/${kindOf(key)}/${verb}`, async () => {
      fence?.();
      return await onVolume(operation, work);
    });
  }

  /** Where an object is or would be. */
  async #place(operation: string, key: string): Promise<{ readonly root: string; readonly file: string }> {
    const root = await this.#root(operation);
    const file = path.join(root, key);
    await onVolume(operation, () => requireNoLinks(operation, path.dirname(file)));
    return { root, file };
  }

  /** Without links up to the volume: whoever mounts it decides where it is. @throws BackupStorageError Invalid when it is not there */
  async #root(operation: string): Promise<string> {
    const { directory, subPath = '' } = this.#location;
    const mounted = await onVolume(operation, () => realpath(directory).catch(ignoreMissing));
    if (mounted !== undefined) return path.join(mounted, subPath);
    const message = `there is no directory ${directory} in Marina’s pod: mount a volume there`;
    throw new BackupStorageError('Invalid', operation, message);
  }
}

/** In the part of the path that is there already. @throws BackupStorageError Invalid */
async function requireNoLinks(operation: string, folder: string): Promise<void> {
  for (let existing = folder; ; existing = path.dirname(existing)) {
    const real = await realpath(existing).catch(ignoreMissing);
    if (real === existing) return;
    // A link that leads nowhere is missing as well.
    const isLink = real !== undefined || (await lstat(existing).catch(ignoreMissing)) !== undefined;
    if (!isLink) continue;
    const message = `${existing} is behind a link, and Marina does not follow links`;
    throw new BackupStorageError('Invalid', operation, message);
  }
}

async function* read(handle: FileHandle, operation: string): AsyncGenerator<Uint8Array> {
  try {
    yield* handle.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>;
  } catch (error: unknown) {
    throw asVolumeError(operation, error);
  } finally {
    await handle.close();
  }
}

async function* walk(root: string, folder: string): AsyncGenerator<StoredObject> {
  for (const entry of await entriesOf(path.join(root, folder))) {
    const key = folder + entry.name;
    if (!isKey(key)) continue;
    if (entry.isDirectory()) yield* walk(root, `${key}/`);
    else if (entry.isFile()) {
      const object = await describe(key, path.join(root, key)).catch(ignoreMissing);
      if (object) yield object;
    }
  }
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(ignoreMissing)) ?? [];
}

async function describe(key: string, file: string): Promise<StoredObject> {
  const { size, mtime } = await lstat(file);
  return { key, bytes: size, modified: mtime };
}

function ignoreMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
