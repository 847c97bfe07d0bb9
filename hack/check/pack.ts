/** `npm run pack`: the command line as an npm package, in .marina/cli. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { packCli } from './cli-package.ts';
import { projectRoot } from './project.ts';

const file = await packCli(path.join(projectRoot, '.marina/cli'));
const { size } = await stat(file);
console.log(
  `${path.relative(projectRoot, file)}, ${Math.ceil(size / 1024)} KiB; install it with: npm i -g ${file}`,
);
