import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { noSleep } from './hack/check/eslint-rules/no-sleep.ts';

const tests = ['**/*.test.ts', '**/*.conformance.ts'];
const mayExportDefault = ['*.config.js', '.dependency-cruiser.mjs', '**/*.d.ts'];
const pureFolders = ['src/{pki,bootstrap,controlplane,engine}/**'];

const takeAClock =
  'Take a Clock (src/engine/clock.ts) as a parameter: here nothing reads the time or rolls dice by itself.';

const namedExports = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export by name, so that a thing is called the same everywhere.',
};
const clocks = [
  "NewExpression[callee.name='Date'][arguments.length=0]",
  "CallExpression[callee.name='Date']",
].map((selector) => ({ selector, message: takeAClock }));
const focusedTests = ['describe', 'it', 'test'].map((object) => ({
  object,
  property: 'only',
  message: 'A focused test hides all others.',
}));

// Enums, namespaces and parameter properties are refused by tsc (`erasableSyntaxOnly`), which `npm run lint` runs as well.
export default defineConfig(
  globalIgnores(['dist', '.marina', 'coverage', 'hack/toolchain/modules', '**/*.gen.ts']),
  {
    name: 'everywhere',
    files: ['**/*.{ts,js,mjs}'],
    extends: [tseslint.configs.strictTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Objects of Kubernetes are dictionaries.
      '@typescript-eslint/no-dynamic-delete': 'off',
      // A callback that may return a promise or nothing returns `Promise<void> | void`.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Types of client-node are classes, the objects are plain JSON.
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // There are no enums here; node-forge's are numbers that DER fixes.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true, ignoreUsingDeclarations: true },
      ],
      // An interface may be asynchronous where one implementation of it has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowBoolean: true, allowNumber: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      complexity: ['error', 15],
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'no-debugger': 'error',
      'no-empty': 'error',
      'no-restricted-syntax': ['error', namedExports],
      'no-unsafe-finally': 'error',
      'object-shorthand': 'error',
    },
  },
  {
    name: 'all but src/kube',
    files: ['**/*.ts'],
    ignores: ['src/kube/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@kubernetes/client-node', '@kubernetes/client-node/**'],
              allowTypeImports: true,
              message:
                'Its values (half a second and 80 MB to load) are for src/kube; `import type` is fine.',
            },
          ],
        },
      ],
    },
  },
  {
    name: 'src/kube: what comes from the wire gets its type here',
    files: ['src/kube/**'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  { name: 'the service logs', files: ['src/**'], rules: { 'no-console': 'error' } },
  {
    name: 'time and chance are parameters',
    files: pureFolders,
    ignores: [...tests, 'src/engine/clock.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['setTimeout', 'setInterval', 'performance'].map((name) => ({ name, message: takeAClock })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: takeAClock },
        { object: 'Math', property: 'random', message: takeAClock },
      ],
      'no-restricted-syntax': ['error', namedExports, ...clocks],
    },
  },
  {
    name: 'tests',
    files: tests,
    plugins: { marina: { rules: { 'no-sleep': noSleep } } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What beforeAll was to assign is undefined in afterAll when it failed.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Asymmetric matchers and parsed YAML are `any`; what is wrong with them fails the test.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'marina/no-sleep': 'error',
      'max-lines': ['error', 600],
      'no-restricted-globals': ['error', 'fdescribe', 'fit'],
      'no-restricted-properties': ['error', ...focusedTests],
    },
  },
  { name: 'JavaScript', files: ['**/*.{js,mjs}'], extends: [tseslint.configs.disableTypeChecked] },
  { name: 'what others read', files: mayExportDefault, rules: { 'no-restricted-syntax': 'off' } },
);
