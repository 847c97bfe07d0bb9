/** Unit tests sit beside the code; the folders below `test` need real servers or a whole environment. */
const common = {
  extensionsToTreatAsEsm: ['.ts'],
  setupFiles: ['reflect-metadata'],
  testEnvironment: 'node',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      roots: ['<rootDir>/src', '<rootDir>/hack', '<rootDir>/test/support', '<rootDir>/test/simulator'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'integration',
      roots: ['<rootDir>/test/integration'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'faults',
      roots: ['<rootDir>/test/faults'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'stores',
      roots: ['<rootDir>/test/stores'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'isolation',
      roots: ['<rootDir>/test/isolation'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'api',
      roots: ['<rootDir>/test/api'],
      testMatch: ['**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'e2e',
      roots: ['<rootDir>/test/e2e'],
      testMatch: ['**/*.test.ts'],
    },
  ],
};
