import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

/** As jest.config.js has it. */
const options = {
  jsc: {
    target: 'es2024',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  swcrc: false,
} as const;

/**
 * From now on modules of src with decorators can be imported as they are: Node takes types away by itself, and knows no decorators.
 * All others stay Node's.
 */
export function allowDecorators(): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (!/\/src\/.*\.ts$/.test(url)) return nextLoad(url, context);
      const filename = fileURLToPath(url);
      const source = readFileSync(filename, 'utf8');
      if (!/^\s*@[A-Z]/m.test(source)) return nextLoad(url, context);
      const { code } = transformSync(source, { ...options, filename });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}
