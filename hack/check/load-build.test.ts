import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';

let dist: string;

beforeEach(async () => {
  dist = await mkdtemp(path.join(tmpdir(), 'marina-dist-'));
  await writeFile(path.join(dist, 'package.json'), '{ "type": "module" }');
});

afterEach(() => rm(dist, { recursive: true, force: true }));

it('what loads is not started', async () => {
  const main = `import { a } from './a.js'; import { z } from 'zod'; throw new Error('started ' + a + z);`;

  expect(await load({ 'main.js': main, 'a.js': 'export const a = 1;' })).toBe('');
});

it.each([
  [
    'a module that is not there',
    { 'main.js': `import './a.js';` },
    /main\.js does not load: Cannot find module/,
  ],
  [
    'an export that is not there',
    { 'main.js': `import { b } from './a.js'; b();`, 'a.js': 'export const a = 1;' },
    /main\.js does not load: .*export named 'b'/,
  ],
  [
    'a module that throws',
    { 'main.js': `import './a.js';`, 'a.js': `import './b.js';`, 'b.js': `throw new Error('broken');` },
    /main\.js does not load: broken/,
  ],
  [
    'an import that tsc left as it was',
    { 'main.js': 'export {};', 'a.js': `const b = await import("./b.ts");` },
    /a\.js imports a \.ts file/,
  ],
  ['no main.js', { 'a.js': '' }, /no such file/],
])('%s is found', async (_, files, message) => {
  expect(await load(files)).toMatch(message);
});

/** What it prints; empty when all is well. */
async function load(files: Readonly<Record<string, string | undefined>>): Promise<string> {
  for (const [name, code = ''] of Object.entries(files)) await writeFile(path.join(dist, name), code);
  const script = path.join(import.meta.dirname, 'load-build.ts');
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', script, dist];
  const run = promisify(execFile)(process.execPath, args);
  return await run.then(
    ({ stderr }) => stderr,
    (error: unknown) => (error as { readonly stderr: string }).stderr,
  );
}
