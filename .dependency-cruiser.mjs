/**
 * The direction of dependencies (docs/architecture.md): api <- pki, datastore, bootstrap, controlplane <- main, with engine and
 * kube knowing nothing of tenants. `npm run lint` checks it; hack/check/dependencies.test.ts proves that every rule fires.
 */

/** What each folder of src may import besides itself; a new folder gets its line here. */
const mayImport = {
  api: ['kube'],
  pki: [],
  kube: ['engine/clock', 'engine/log', 'engine/backoff', 'engine/failpoints'],
  engine: ['kube'],
  datastore: ['api', 'pki', 'engine', 'kube'],
  bootstrap: ['api', 'pki', 'engine', 'kube'],
  controlplane: ['api', 'pki', 'engine', 'kube', 'datastore', 'bootstrap'],
  backup: ['api', 'pki', 'engine', 'kube', 'datastore', 'controlplane'],
  migration: ['api', 'engine', 'kube', 'datastore', 'controlplane'],
  classes: ['api', 'engine', 'kube', 'controlplane'],
  quota: ['api', 'engine', 'kube', 'controlplane'],
  budget: ['api', 'engine', 'kube', 'datastore', 'controlplane'],
  kubeconfig: ['api', 'pki', 'engine', 'kube', 'controlplane'],
  rest: [
    'api',
    'pki',
    'bootstrap',
    'controlplane',
    'kubeconfig',
    'engine',
    'kube',
    'config',
    'observability',
    'persistence',
    'usage',
  ],
  controller: [
    'api',
    'pki',
    'engine',
    'kube',
    'datastore',
    'controlplane',
    'backup',
    'migration',
    'budget',
    'classes',
    'quota',
    'kubeconfig',
    'usage',
    'persistence',
    'config',
    'observability',
  ],
  usage: ['api', 'engine', 'kube', 'datastore', 'controlplane', 'persistence'],
  client: [],
  // Of REST the representations, which know no Nest: by both ways an object is shown by the same code.
  cli: [
    'api',
    'client',
    'kube',
    'bootstrap/join-token',
    'rest/history/representation',
    'rest/join-tokens/representation',
    'rest/kubeconfigs/representation',
    'rest/problem/problem',
    'rest/resources/representation',
  ],
  config: ['api'],
  observability: ['config', 'engine', 'kube'],
  persistence: ['engine', 'config', 'observability'],
};

const folders = Object.keys(mayImport);
const test = '\\.(test|conformance)\\.ts$';
const programs = '^src/(main|verify-audit|archive-audit|cli/main)\\.ts$';
const builder = '^src/.+/(build|[^/]+\\.builder)\\.ts$';
const clientNode = 'node_modules/@kubernetes/client-node/';
const nest = 'node_modules/@nestjs/';
/** Not `net`: isIP and BlockList of it only compute. */
const outside = '^(node:)?(fs|http|http2|https|dns|child_process|timers|worker_threads)(/|$)';

function folderRule([folder, others]) {
  const allowed = [folder, ...others].map((name) => `${name}[/.]`).join('|');
  return forbid(
    `direction-of-${folder}`,
    `src/${folder} may import: ${others.join(', ') || 'nothing else of src'}`,
    { path: `^src/${folder}/`, pathNot: test },
    { path: '^src/', pathNot: `^src/(${allowed})` },
  );
}

function forbid(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to };
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(mayImport).map(folderRule),
    forbid(
      'api-takes-types-of-kube-only',
      'src/api names the shape of an object as src/kube does, and uses nothing of it',
      { path: '^src/api/', pathNot: test },
      { path: '^src/kube/', dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'drivers-know-no-kubernetes',
      'A datastore driver speaks to its store; what Kubernetes has of it comes as values',
      { path: '^src/datastore/(driver|[^/]+/)', pathNot: test },
      { path: '^src/kube/' },
    ),
    forbid(
      'folder-without-a-line',
      'A folder of src says in .dependency-cruiser.mjs what it may import',
      { path: '^src/[^/]+/', pathNot: `^src/(${folders.join('|')})/` },
      {},
    ),
    forbid(
      'builders-are-pure',
      'Builders make objects from values: no Nest, no API client, no files, processes or network',
      { path: builder },
      { path: [nest, clientNode, '^src/kube/.*client\\.ts$', outside], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'pki-is-pure',
      'src/pki computes: no Nest, no files, processes or network',
      { path: '^src/pki/', pathNot: test },
      { path: [nest, outside] },
    ),
    forbid(
      'client-node-values-in-kube-only',
      'Values of @kubernetes/client-node (half a second and 80 MB) are for src/kube; types may be imported anywhere',
      { pathNot: '^src/kube/' },
      { path: clientNode, dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'src-imports-src',
      'src stands alone: only its tests use hack and test',
      { path: '^src/', pathNot: test },
      { path: '^(hack|test)/' },
    ),
    forbid(
      'migrations-belong-to-persistence',
      'The steps of the schema are for who runs them',
      { path: '^src/', pathNot: '^src/persistence/' },
      { path: '^migrations/' },
    ),
    forbid(
      'tests-are-imported-by-tests',
      'A test file is not a library',
      { pathNot: test },
      { path: '\\.test\\.ts$' },
    ),
    forbid(
      'no-development-packages-in-src',
      'What runs in production is in "dependencies" of package.json',
      // The command line is a package of its own (hack/check/cli-package.ts).
      { path: '^src/', pathNot: [test, '^src/cli/'] },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    forbid(
      'no-undeclared-packages',
      'A package that is used is in package.json, not there by another package',
      { pathNot: '^node_modules' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    forbid('no-unresolved-imports', 'Every import leads somewhere', {}, { couldNotResolve: true }),
    forbid(
      'no-cycles',
      'Two modules that need each other are one module, or need a third',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbid(
      'no-orphans',
      'A module that nothing imports and that imports nothing is dead',
      { path: '^src/', orphan: true, pathNot: ['\\.d\\.ts$', test, programs] },
      {},
    ),
    {
      name: 'no-dead-modules',
      comment: 'What neither the program nor hack reaches is dead, its tests notwithstanding',
      severity: 'error',
      from: { path: [programs, '^hack/'] },
      to: { path: '^src/', pathNot: ['\\.d\\.ts$', test, programs], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^hack/toolchain/modules/', '/golden/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
