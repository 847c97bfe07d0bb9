import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../..');

interface Rule {
  readonly name: string;
}

interface Violation {
  readonly from: string;
  readonly rule: Rule;
}

interface Report {
  readonly summary: {
    readonly violations: readonly Violation[];
    readonly ruleSetUsed: { readonly forbidden: readonly Rule[] };
  };
}

/** One offender for every rule; what they import is in `bystanders`, which offend nobody. */
const offenders: readonly { rule: string; file: string; code: string }[] = [
  { rule: 'direction-of-api', file: 'src/api/a.ts', code: `import type { P } from '../pki/p.ts';` },
  {
    rule: 'api-takes-types-of-kube-only',
    file: 'src/api/b.ts',
    code: `import '../kube/k.ts';`,
  },
  {
    rule: 'direction-of-pki',
    file: 'src/pki/a.ts',
    code: `import type { K } from '../kube/k.ts';`,
  },
  { rule: 'direction-of-kube', file: 'src/kube/a.ts', code: `import '../api/ok.ts';` },
  { rule: 'direction-of-kube', file: 'src/kube/b.ts', code: `import '../engine/e.ts';` },
  { rule: 'direction-of-engine', file: 'src/engine/a.ts', code: `import type { A } from '../api/ok.ts';` },
  { rule: 'direction-of-engine', file: 'src/engine/b.ts', code: `import '../controlplane/c.ts';` },
  { rule: 'direction-of-datastore', file: 'src/datastore/a.ts', code: `import '../controlplane/c.ts';` },
  {
    rule: 'direction-of-datastore',
    file: 'src/datastore/b.ts',
    code: `import '../bootstrap/b.ts';`,
  },
  {
    rule: 'direction-of-bootstrap',
    file: 'src/bootstrap/a.ts',
    code: `import '../controlplane/c.ts';`,
  },
  {
    rule: 'direction-of-controlplane',
    file: 'src/controlplane/a.ts',
    code: `import '../config/c.ts';`,
  },
  { rule: 'direction-of-backup', file: 'src/backup/a.ts', code: `import '../bootstrap/b.ts';` },
  { rule: 'direction-of-migration', file: 'src/migration/a.ts', code: `import '../pki/p.ts';` },
  { rule: 'direction-of-usage', file: 'src/usage/a.ts', code: `import '../pki/p.ts';` },
  { rule: 'direction-of-budget', file: 'src/budget/a.ts', code: `import '../pki/p.ts';` },
  { rule: 'direction-of-classes', file: 'src/classes/a.ts', code: `import '../pki/p.ts';` },
  { rule: 'direction-of-quota', file: 'src/quota/a.ts', code: `import '../pki/p.ts';` },
  { rule: 'direction-of-kubeconfig', file: 'src/kubeconfig/a.ts', code: `import '../datastore/d.ts';` },
  { rule: 'direction-of-rest', file: 'src/rest/a.ts', code: `import '../datastore/d.ts';` },
  { rule: 'direction-of-controller', file: 'src/controller/a.ts', code: `import '../bootstrap/b.ts';` },
  { rule: 'direction-of-client', file: 'src/client/a.ts', code: `import '../kube/k.ts';` },
  { rule: 'direction-of-cli', file: 'src/cli/a.ts', code: `import '../controlplane/c.ts';` },
  { rule: 'direction-of-config', file: 'src/config/a.ts', code: `import '../engine/e.ts';` },
  { rule: 'direction-of-persistence', file: 'src/persistence/a.ts', code: `import '../kube/k.ts';` },
  {
    rule: 'migrations-belong-to-persistence',
    file: 'src/engine/h.ts',
    code: `import '../../migrations/m.ts';`,
  },
  {
    rule: 'direction-of-observability',
    file: 'src/observability/a.ts',
    code: `import '../api/ok.ts';`,
  },
  { rule: 'drivers-know-no-kubernetes', file: 'src/datastore/etcd/a.ts', code: `import '../../kube/k.ts';` },
  { rule: 'folder-without-a-line', file: 'src/surprise/a.ts', code: `import '../api/ok.ts';` },
  { rule: 'builders-are-pure', file: 'src/controlplane/service/build.ts', code: `import '@nestjs/common';` },
  { rule: 'builders-are-pure', file: 'src/bootstrap/x.builder.ts', code: `import '../kube/http-client.ts';` },
  { rule: 'builders-are-pure', file: 'src/bootstrap/y.builder.ts', code: `import 'node:fs/promises';` },
  { rule: 'pki-is-pure', file: 'src/pki/b.ts', code: `import 'node:fs';` },
  { rule: 'pki-is-pure', file: 'src/pki/c.ts', code: `import '@nestjs/common';` },
  {
    rule: 'client-node-values-in-kube-only',
    file: 'src/engine/c.ts',
    code: `import '@kubernetes/client-node';`,
  },
  { rule: 'client-node-values-in-kube-only', file: 'test/a.ts', code: `import '@kubernetes/client-node';` },
  { rule: 'src-imports-src', file: 'src/engine/d.ts', code: `import '../../hack/h.ts';` },
  { rule: 'src-imports-src', file: 'src/engine/f.ts', code: `import '../../test/t.ts';` },
  { rule: 'tests-are-imported-by-tests', file: 'hack/a.ts', code: `import '../src/engine/ok.test.ts';` },
  { rule: 'no-development-packages-in-src', file: 'src/engine/g.ts', code: `import 'fast-check';` },
  { rule: 'no-undeclared-packages', file: 'hack/b.ts', code: `import 'stowaway';` },
  { rule: 'no-unresolved-imports', file: 'hack/c.ts', code: `import './nowhere.ts';` },
  { rule: 'no-cycles', file: 'src/engine/cycle-a.ts', code: `import './cycle-b.ts';` },
  { rule: 'no-orphans', file: 'src/engine/orphan.ts', code: `export const o = 1;` },
  { rule: 'no-dead-modules', file: 'src/engine/dead.ts', code: `import './e.ts';` },
];

const bystanders: Readonly<Record<string, string>> = {
  'src/api/ok.ts': `import type { K } from '../kube/k.ts'; export type A = K;`,
  'src/kube/k.ts': `import '@kubernetes/client-node'; import type { C } from '../engine/clock.ts'; export type K = C;`,
  'src/kube/http-client.ts': `import './k.ts';`,
  'src/engine/clock.ts': `export type C = 1;`,
  'src/engine/e.ts': `import '../kube/k.ts';`,
  'src/engine/ok.test.ts': `import 'fast-check'; import '../../test/t.ts'; import './e.ts';`,
  'src/engine/type-cycle-a.ts': `import type { B } from './type-cycle-b.ts'; export type A = B;`,
  'src/engine/type-cycle-b.ts': `import type { A } from './type-cycle-a.ts'; export type B = A;`,
  'src/pki/p.ts': `import 'node:crypto'; export type P = 1;`,
  'src/datastore/d.ts': `import '../kube/k.ts'; import '../api/ok.ts'; import '../pki/p.ts'; import '../engine/e.ts';`,
  'src/datastore/driver.conformance.ts': `import 'fast-check'; import './d.ts';`,
  'src/bootstrap/b.ts': `import '../api/ok.ts'; import '../pki/p.ts'; import '../kube/k.ts';`,
  'src/bootstrap/z.builder.ts': `import type { V1Pod } from '@kubernetes/client-node'; import 'node:net';`,
  'src/controlplane/c.ts': `import '../bootstrap/b.ts'; import '../bootstrap/z.builder.ts'; import '../datastore/d.ts';`,
  'src/config/c.ts': `import '../api/ok.ts';`,
  'src/observability/o.ts': `import '../config/c.ts'; import '../kube/http-client.ts';`,
  'src/persistence/p.ts': `import '../../migrations/m.ts'; import '../engine/e.ts';`,
  'migrations/m.ts': `export const m = 1;`,
  'src/main.ts': `import '@nestjs/common'; import './controlplane/c.ts'; import './observability/o.ts'; import './engine/type-cycle-a.ts';`,
  'test/t.ts': `import '../hack/h.ts'; import '../src/engine/e.ts';`,
  'hack/h.ts': `import '../src/engine/e.ts'; import 'fast-check';`,
};

describe('the dependency rules', () => {
  let tree: string;
  let violations: readonly Violation[];
  let rules: readonly Rule[];

  beforeAll(async () => {
    tree = await mkdtemp(path.join(tmpdir(), 'marina-dependencies-'));
    await writePackages(tree);
    await cp(path.join(root, '.dependency-cruiser.mjs'), path.join(tree, '.dependency-cruiser.mjs'));
    await writeFile(
      path.join(tree, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { module: 'nodenext' } }),
    );
    for (const [file, code] of Object.entries(bystanders)) await write(path.join(tree, file), code);
    for (const { file, code } of offenders) await write(path.join(tree, file), code);
    await write(path.join(tree, 'src/engine/cycle-b.ts'), `import './cycle-a.ts';`);
    ({ violations, rules } = await cruise(tree));
  }, 60_000);

  afterAll(() => rm(tree, { recursive: true, force: true }));

  it.each(offenders)('$rule stops $file', ({ rule, file }) => {
    const names = violations.filter(({ from }) => from === file).map((violation) => violation.rule.name);

    expect(names).toContain(rule);
  });

  it('leave alone what keeps to them', () => {
    const blamed = violations.filter(
      ({ from, rule }) => from in bystanders && rule.name !== 'no-dead-modules',
    );

    expect(blamed).toEqual([]);
  });

  it('have an offender each', () => {
    const all = new Set(rules.map(({ name }) => name));

    expect(new Set(offenders.map(({ rule }) => rule))).toEqual(all);
  });
});

async function writePackages(tree: string): Promise<void> {
  const dependencies = { '@nestjs/common': '1.0.0', '@kubernetes/client-node': '1.0.0' };
  const devDependencies = { 'fast-check': '1.0.0' };
  await writeFile(
    path.join(tree, 'package.json'),
    JSON.stringify({ type: 'module', dependencies, devDependencies }),
  );
  for (const name of [...Object.keys(dependencies), 'fast-check', 'stowaway']) {
    const manifest = JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js' });
    await write(path.join(tree, 'node_modules', name, 'package.json'), manifest);
    await write(path.join(tree, 'node_modules', name, 'index.js'), 'export {};');
  }
}

async function write(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

/** Through its command, as `npm run lint` does. */
async function cruise(
  directory: string,
): Promise<{ violations: readonly Violation[]; rules: readonly Rule[] }> {
  const program = path.join(root, 'node_modules/.bin/depcruise');
  const args = [
    program,
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    'src',
    'hack',
    'test',
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: directory,
    maxBuffer: 2 ** 26,
  });
  const { summary } = JSON.parse(stdout) as Report;
  return { violations: summary.violations, rules: summary.ruleSetUsed.forbidden };
}
