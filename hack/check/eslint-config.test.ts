import { describe, expect, it } from '@jest/globals';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';

const file = '../../eslint.config.js';
const { default: config } = (await import(file)) as { readonly default: readonly Linter.Config[] };

/** Rules that need no types, each where it has to fire and where it must not. */
const cases: readonly { rule: string; code: string; refusedIn: string; allowedIn: string }[] = [
  {
    rule: '@typescript-eslint/no-restricted-imports',
    code: `import { KubeConfig } from '@kubernetes/client-node'; new KubeConfig();`,
    refusedIn: 'test/support/a.ts',
    allowedIn: 'src/kube/a.ts',
  },
  {
    rule: 'no-restricted-properties',
    code: `export const now = Date.now();`,
    refusedIn: 'src/pki/a.ts',
    allowedIn: 'hack/local/a.ts',
  },
  {
    rule: 'no-restricted-properties',
    code: `export const dice = Math.random();`,
    refusedIn: 'src/controlplane/deployment/build.ts',
    allowedIn: 'src/datastore/a.ts',
  },
  {
    rule: 'no-restricted-syntax',
    code: `export const now = new Date();`,
    refusedIn: 'src/engine/queue.ts',
    allowedIn: 'src/engine/clock.ts',
  },
  {
    rule: 'no-restricted-globals',
    code: `setTimeout(() => undefined, 5);`,
    refusedIn: 'src/bootstrap/a.ts',
    allowedIn: 'src/kube/a.ts',
  },
  {
    rule: 'no-restricted-syntax',
    code: `export default 5;`,
    refusedIn: 'hack/local/a.ts',
    allowedIn: 'jest.config.js',
  },
  {
    rule: 'no-restricted-properties',
    code: `it.only('x', () => undefined);`,
    refusedIn: 'src/pki/a.test.ts',
    allowedIn: 'src/kube/a.ts',
  },
  {
    rule: 'marina/no-sleep',
    code: `await new Promise((resolve) => setTimeout(resolve, 5));`,
    refusedIn: 'test/integration/a.test.ts',
    allowedIn: 'test/support/wait-until.ts',
  },
  {
    rule: '@typescript-eslint/no-explicit-any',
    code: `export const x: any = 5;`,
    refusedIn: 'hack/local/a.ts',
    allowedIn: 'src/kube/a.ts',
  },
  {
    rule: 'max-lines',
    code: 'export {};\n'.repeat(500),
    refusedIn: 'src/engine/a.ts',
    allowedIn: 'src/engine/a.test.ts',
  },
  {
    rule: '@typescript-eslint/no-restricted-imports',
    code: `import { V1Pod } from '@kubernetes/client-node'; export type P = V1Pod;`,
    refusedIn: 'src/engine/a.ts',
    allowedIn: 'src/kube/a.ts',
  },
  {
    rule: 'no-console',
    code: `console.log(5);`,
    refusedIn: 'src/rest/a.ts',
    allowedIn: 'hack/check/lint.ts',
  },
];

describe('the lint rules', () => {
  it.each(cases)('$rule fires in $refusedIn, not in $allowedIn', ({ rule, code, refusedIn, allowedIn }) => {
    expect(rulesBrokenBy(code, refusedIn)).toContain(rule);
    expect(rulesBrokenBy(code, allowedIn)).not.toContain(rule);
  });

  it('types of client-node may be imported anywhere', () => {
    const code = `import type { V1Pod } from '@kubernetes/client-node'; export type P = V1Pod;`;

    expect(rulesBrokenBy(code, 'src/pki/a.ts')).toEqual([]);
  });

  it('rejections of a promise may be timed in tests', () => {
    const code = `await new Promise((_resolve, reject) => setTimeout(() => reject(new Error('late')), 5));`;

    expect(rulesBrokenBy(code, 'test/integration/a.test.ts')).toEqual([]);
  });
});

/** The files exist only by name, so the rules that need types are left out. */
function rulesBrokenBy(code: string, filename: string): (string | null)[] {
  const withoutTypes = { ...tseslint.configs.disableTypeChecked, files: ['**/*.{ts,js}'] };
  const messages = new Linter().verify(code, [...config, withoutTypes], { filename });
  return messages.map(({ ruleId, message }) => ruleId ?? message);
}
