import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { migrations } from '../../migrations/index.ts';
import { checksumOf, planMigrations } from './plan-migrations.ts';

const step = (name: string) => ({ name, statements: [`CREATE TABLE ${name} ()`] });
const done = (name: string) => ({ name, checksum: checksumOf(step(name)) });
const known = [step('a'), step('b'), step('c')];

describe('a database', () => {
  it('that is new needs all migrations, one that is at the end none', () => {
    expect(planMigrations(known, [])).toEqual(known);
    expect(planMigrations(known, [done('a')])).toEqual(known.slice(1));
    expect(
      planMigrations(
        known,
        known.map(({ name }) => done(name)),
      ),
    ).toEqual([]);
  });

  it.each([
    ['has one that is not known', [done('a'), done('d')], /has d, which this build of Marina does not know/],
    ['had one with another text', [{ name: 'a', checksum: 'other' }], /a was run with another text/],
    ['lacks one before its last', [done('a'), done('c')], /c was run, and one before it was not/],
  ])('that %s is of another build', (_, applied, message) => {
    expect(() => planMigrations(known, applied)).toThrow(message);
  });
});

describe('the migrations', () => {
  it('are all in the list, in order, named as their files', () => {
    const files = readdirSync(path.resolve(import.meta.dirname, '../../migrations'))
      .filter((file) => /^\d/.test(file))
      .map((file) => file.replace(/\.ts$/, ''));
    expect(migrations.map(({ name }) => name)).toEqual(files.sort());
    expect(files.filter((file) => !/^\d{14}(-[a-z]+)+$/.test(file))).toEqual([]);
  });
});
