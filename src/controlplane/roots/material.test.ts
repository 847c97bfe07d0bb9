import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateRoots } from './generate.ts';
import { readRoots, type Roots, rootsFingerprint } from './material.ts';

const now = new Date('2026-11-21T08:00:00Z');

describe('readRoots', () => {
  let roots: Roots;
  let others: Roots;

  beforeAll(async () => {
    [roots, others] = await Promise.all([
      generateRoots('ECDSA-P256', now, randomBytes),
      generateRoots('ECDSA-P256', now, randomBytes),
    ]);
  });

  it('reads what generateRoots made', () => {
    expect(readRoots({ ...roots })).toEqual({ readable: true, roots });
  });

  it.each(['ca.crt', 'ca.key', 'front-proxy-ca.key', 'sa.key', 'sa.pub', 'encryption.yaml'])(
    'names %s when it is gone',
    (file) => {
      expect(readRoots({ ...roots, [file]: undefined as unknown as string })).toEqual({
        readable: false,
        message: `${file} is missing`,
      });
    },
  );

  it.each([
    ['ca.key', 'ca.key is not the key of ca.crt'],
    ['front-proxy-ca.key', 'front-proxy-ca.key is not the key of front-proxy-ca.crt'],
    ['sa.pub', 'sa.pub is not the public half of sa.key'],
  ] as const)('notices another tenant’s %s', (file, message) => {
    expect(readRoots({ ...roots, [file]: others[file] })).toEqual({ readable: false, message });
  });

  it('has a fingerprint that any edit changes', () => {
    expect(rootsFingerprint(roots)).toMatch(/^[0-9a-f]{64}$/);
    expect(rootsFingerprint({ ...roots, 'encryption.yaml': '{}' })).not.toBe(rootsFingerprint(roots));
  });
});
