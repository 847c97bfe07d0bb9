import type { ImageDefinition } from '../toolchain/image-definitions.ts';
import { program } from '../toolchain/image-contents.ts';
import { agnhostVersion } from '../toolchain/versions.ts';

/**
 * The suite's own server of many talents, of which a webhook is the one that is needed here; without the tools of a shell that upstream's
 * image has besides.
 */
export const agnhost: ImageDefinition = {
  reference: `registry.k8s.io/e2e-test-images/agnhost:${agnhostVersion}`,
  binaries: ['agnhost'],
  config: { entrypoint: ['/agnhost'], command: ['pause'] },
  entries: ({ binary }) => [
    program('agnhost', binary('agnhost')),
    { type: 'symlink', path: 'agnhost-2', target: 'agnhost' },
  ],
};
