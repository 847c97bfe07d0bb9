/** `npm run build`: src/ and migrations/ to dist/, and the proof that Node can load what came out. */
import { runNode } from './run-node.ts';

const steps = [
  ['node_modules/@nestjs/cli/bin/nest.js', 'build'],
  [
    '--experimental-vm-modules',
    'hack/check/load-build.ts',
    'dist',
    'src/main.js',
    'src/verify-audit.js',
    'src/archive-audit.js',
  ],
];
for (const step of steps) {
  process.exitCode = (await runNode(step)) ?? 1;
  if (process.exitCode !== 0) break;
}
if (process.exitCode === 0) console.log('dist/src/main.js is built, and loads');
