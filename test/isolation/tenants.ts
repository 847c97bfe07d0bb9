import { runtimeId } from '../../src/controlplane/runtime-id.ts';

/**
 * Ids that begin alike, that sort right before or after another's keys, that read like something of the store's, or that are as long as
 * one may be; after them such as Marina makes.
 */
export function hostileIds(count: number): readonly string[] {
  const made = Array.from({ length: Math.max(0, count - hostile.length) }, (_, index) =>
    runtimeId(`0f3c0000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`),
  );
  return [...hostile, ...made].slice(0, count);
}

const hostile = [
  'a',
  'aa',
  'a-a',
  'a0',
  'a-0',
  'b',
  'a0a',
  'b0',
  '0',
  '00',
  'z',
  'registries',
  'compact-rev-key',
  'pg-read-all-data',
  'a'.repeat(63),
  `${'a'.repeat(62)}b`,
];

/** No ids: what an identifier, a literal or a connection string could be left by. */
export const hostileNames: readonly string[] = [
  'a"; DROP DATABASE postgres; --',
  `a'; DROP DATABASE postgres; --`,
  'a"; ALTER ROLE a SUPERUSER; --',
  `a' OR '1'='1`,
  'a" OWNER TO a; --',
  'a"."b',
  '"a"',
  `'a'`,
  'a""',
  `a''`,
  '$$a$$',
  'a$1',
  'a;b',
  'a--b',
  'a/*b*/',
  'a\\',
  'a\\"',
  'a\0b',
  'a\nb',
  'U&"\\0061"',
  'a%',
  'a_b',
  'a b',
  'a?host=/tmp',
  'a@b:5432/c',
  'aʼb',
  'a＂b',
  'ａ',
  'Ａ',
  'pg_a',
  'postgres',
  'template1',
  'public',
  'none',
  'a'.repeat(64),
  '',
];
