import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createTemporaryDirectory } from '../../../test/support/temporary-directory.ts';
import { configFile, parseConfig, readConfig, writeConfig, writePrivately } from './config-file.ts';

describe('the configuration', () => {
  it('is where XDG has it, or where it is said to be', () => {
    expect(configFile({ HOME: '/home/me' })).toBe('/home/me/.config/marina/config.yaml');
    expect(configFile({ HOME: '/home/me', XDG_CONFIG_HOME: '/x' })).toBe('/x/marina/config.yaml');
    expect(configFile({ MARINA_CONFIG: '/c.yaml' })).toBe('/c.yaml');
  });

  it('is read as it was written, and empty before', async () => {
    await using folder = await createTemporaryDirectory('config');
    const file = path.join(folder.path, 'marina/config.yaml');
    expect(await readConfig(file)).toEqual({ profiles: {} });
    const config = {
      currentProfile: 'a',
      profiles: { a: { server: 'https://a', tokenCommand: ['b', 'c d'] } },
    };
    await writeConfig(file, config);
    expect(await readConfig(file)).toEqual(config);
  });

  it.each([
    ['profiles: [', /is no YAML/],
    ['profiles: 7', /has no `profiles`/],
    ['currentProfile: x', /no profile x/],
    ['profiles: { a: { token: x } }', /`token`, which is not known/],
    ['profiles: { a: { server: 7 } }', /`server` of profile a is no text/],
    ['profiles: { a: { tokenCommand: print } }', /is no list of texts/],
  ])('%s is refused with the file and what is wrong', (text, message) => {
    expect(() => parseConfig(text, '/c.yaml')).toThrow(message);
    expect(() => parseConfig(text, '/c.yaml')).toThrow(/^\/c\.yaml: /);
  });
});

it('a secret is for its owner only, also where a file was open to all, and nothing is left beside it', async () => {
  await using folder = await createTemporaryDirectory('private');
  const file = path.join(folder.path, 'token');
  await writeFile(file, 'old', { mode: 0o644 });
  await writePrivately(file, 'new');
  expect(await readFile(file, 'utf8')).toBe('new');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder.path)).toEqual(['token']);
});
