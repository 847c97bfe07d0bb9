import path from 'node:path';
import { parseArgs } from 'node:util';
import { crdFiles } from './crds.ts';
import { generatedFolders, staleFiles, writeFiles } from './files.ts';
import { openApiFiles } from './openapi.ts';
import { referenceFiles } from './reference.ts';

const usage = `npm run generate [-- --check]
Writes what follows from the code: ${generatedFolders.join(', ')}, src/client/schema.gen.ts.
  --check  writes nothing; exits 1 and names the files that are not current`;

const { values } = parseArgs({
  options: { check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
const root = path.resolve(import.meta.dirname, '../..');
const files = [...crdFiles(), ...referenceFiles(), ...(await openApiFiles())];

if (values.help) {
  console.log(usage);
} else if (values.check) {
  const stale = await staleFiles(root, files);
  for (const file of stale) console.error(`not current: ${file}`);
  if (stale.length > 0) {
    console.error('Run `npm run generate`.');
    process.exitCode = 1;
  }
} else {
  for (const file of await writeFiles(root, files)) console.log(file);
}
