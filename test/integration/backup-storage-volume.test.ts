import { describe, expect, it, jest } from '@jest/globals';
import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  describeObjectStorage,
  type ObjectStorageKind,
} from '../../src/backup/storage/storage.conformance.ts';
import { VolumeStorage } from '../../src/backup/storage/volume.ts';
import { emptyFolder, fileTree, seedFiles } from '../support/file-tree.ts';
import { mountMemory } from '../support/mount.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';

jest.setTimeout(60_000);

const volumeKind: ObjectStorageKind = {
  name: 'a volume',
  async start() {
    await using started = new AsyncDisposableStack();
    const { path: directory } = started.use(await createTemporaryDirectory('volume'));
    const { path: small } = started.use(await mountMemory({ size: '24m' }));
    const { path: readOnly } = started.use(await mountMemory({ size: '1m', readOnly: true }));
    const parts = started.move();
    return {
      open: () => new VolumeStorage({ directory, subPath: 'marina/archives' }),
      snapshot: () => fileTree(directory),
      seed: (keys) => seedFiles(`${directory}/marina/archives`, keys),
      clear: () => emptyFolder(directory),
      full: { open: () => new VolumeStorage({ directory: small }), snapshot: () => fileTree(small) },
      faulty: {
        notMounted: { code: 'Invalid', open: () => new VolumeStorage({ directory: `${directory}/none` }) },
        readOnly: { code: 'Denied', open: () => new VolumeStorage({ directory: readOnly }) },
      },
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  },
};

describeObjectStorage(volumeKind);

describe('a volume', () => {
  it('leads nowhere by links that somebody put there', async () => {
    await using inside = await createTemporaryDirectory('inside');
    await using outside = await createTemporaryDirectory('outside');
    await writeFile(path.join(outside.path, 'secret'), 'secret');
    await symlink(outside.path, path.join(inside.path, 'folder'));
    await symlink(path.join(outside.path, 'secret'), path.join(inside.path, 'file'));
    await symlink(path.join(outside.path, 'none'), path.join(inside.path, 'dangling'));
    const storage = new VolumeStorage({ directory: inside.path });

    for (const key of ['folder/secret', 'folder/new', 'dangling/new']) {
      await expect(storage.put(key, of('x'))).rejects.toMatchObject({ code: 'Invalid' });
      await expect(storage.get(key)).rejects.toMatchObject({ code: 'Invalid' });
      await expect(storage.delete(key)).rejects.toMatchObject({ code: 'Invalid' });
    }
    await expect(storage.list('folder/').next()).rejects.toMatchObject({ code: 'Invalid' });
    await expect(storage.get('file')).rejects.toMatchObject({ code: 'Invalid' });
    expect((await storage.list('').next()).done).toBe(true);
    await storage.put('file', of('mine'));

    expect(await readFile(path.join(outside.path, 'secret'), 'utf8')).toBe('secret');
    expect(await fileTree(outside.path)).toEqual(['secret 6']);
  });

  it('may itself be reached by a link, as a mounted Secret is', async () => {
    await using outside = await createTemporaryDirectory('outside');
    const link = path.join(outside.path, 'link');
    await mkdir(path.join(outside.path, 'mounted'));
    await symlink('mounted', link);

    await new VolumeStorage({ directory: link }).check();
  });

  it('loses what a Marina that was killed had begun, a day later, and nothing else', async () => {
    await using volume = await createTemporaryDirectory('volume');
    const folder = path.join(volume.path, 'team-a');
    const names = [
      '.0f0e7c1a-0000-4000-8000-000000000001.partial',
      '.0f0e7c1a-0000-4000-8000-000000000002.partial',
      '.keep',
    ];
    await mkdir(folder);
    for (const name of names) await writeFile(path.join(folder, name), 'half');
    const [old = '', young = '', foreign = ''] = names;
    const dayAgo = (Date.now() - 25 * 60 * 60 * 1000) / 1000;
    for (const name of [old, foreign]) await utimes(path.join(folder, name), dayAgo, dayAgo);

    await new VolumeStorage({ directory: volume.path }).put('team-a/new', of('whole'));

    expect(await fileTree(volume.path)).toEqual(
      [`team-a/${young} 4`, `team-a/${foreign} 4`, 'team-a/new 5'].toSorted(),
    );
  });

  it('keeps archives to Marina’s user', async () => {
    await using volume = await createTemporaryDirectory('volume');
    const { mode } = await (async () => {
      await new VolumeStorage({ directory: volume.path }).put('a/b', of('x'));
      const { stat } = await import('node:fs/promises');
      return stat(path.join(volume.path, 'a/b'));
    })();
    expect(mode & 0o077).toBe(0);
  });
});

async function* of(text: string): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield Buffer.from(text);
}
