import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createTemporaryDirectory } from '../../test/support/temporary-directory.ts';
import { staleFiles, writeFiles } from './files.ts';

const crd = { path: 'manifests/crds/a.yaml', content: 'a: 1\n' };
const page = { path: 'docs/reference/a.md', content: '# a\n' };

describe('generated files', () => {
  test('are current once written, and not written again', async () => {
    await using root = await createTemporaryDirectory('generate');
    expect(await staleFiles(root.path, [crd, page])).toEqual([page.path, crd.path]);

    expect(await writeFiles(root.path, [crd, page])).toEqual([page.path, crd.path]);
    expect(await staleFiles(root.path, [crd, page])).toEqual([]);
    expect(await writeFiles(root.path, [crd, page])).toEqual([]);
  });

  test('that were edited, or are generated no longer, are named and put right', async () => {
    await using root = await createTemporaryDirectory('generate');
    await writeFiles(root.path, [crd, page]);
    await writeFile(path.join(root.path, crd.path), 'a: 2\n');

    expect(await staleFiles(root.path, [crd])).toEqual([page.path, crd.path]);
    expect(await writeFiles(root.path, [crd])).toEqual([page.path, crd.path]);
    expect(await staleFiles(root.path, [crd])).toEqual([]);
    expect(await readdir(path.join(root.path, 'docs/reference'))).toEqual([]);
  });

  test('leave other folders alone', async () => {
    await using root = await createTemporaryDirectory('generate');
    await mkdir(path.join(root.path, 'docs/guides'), { recursive: true });
    await writeFile(path.join(root.path, 'docs/guides/b.md'), 'by hand');

    await writeFiles(root.path, [crd]);
    expect(await readdir(path.join(root.path, 'docs/guides'))).toEqual(['b.md']);
  });
});
