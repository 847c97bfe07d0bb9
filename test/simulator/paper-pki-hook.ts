import { registerHooks } from 'node:module';

/*
 * Puts paper-pki.ts in the place of `src/pki`'s issuing in this process: a birth issues ten certificates and every reconcile
 * reads them, which would be nine tenths of a simulation's time. To be imported before anything of src.
 */

const paper = new URL('paper-pki.ts', import.meta.url).href;
const replaced: ReadonlySet<string> = new Set(
  ['index.ts', 'issue.ts'].map((file) => new URL(`../../src/pki/${file}`, import.meta.url).href),
);

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    const isInside = context.parentURL?.includes('/src/pki/') || context.parentURL === paper;
    return replaced.has(resolved.url) && !isInside ? { ...resolved, url: paper } : resolved;
  },
});
