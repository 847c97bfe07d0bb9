/**
 * `node --experimental-vm-modules load-build.ts <dist> [<program> ...]`: whether what tsc wrote can be loaded, without starting it; default: main.js. All
 * that a program imports is really loaded; the program itself is linked against that and not evaluated. Prints what is wrong and ends with 1.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import vm from 'node:vm';

const [folder = 'dist', ...given] = process.argv.slice(2);
const dist = path.resolve(folder);
const programs = given.length > 0 ? given : ['main.js'];
const links = await Promise.all(programs.map((program) => linkProblems(path.join(dist, program))));
const problems = [...typeScriptImports(), ...links.flat()];
for (const problem of problems) console.error(problem);
process.exit(problems.length === 0 ? 0 : 1); // whatever the modules keep open

/** tsc rewrites `./x.ts` where it sees an import; what it does not see (a path in a variable) fails only when it is reached. */
function typeScriptImports(): readonly string[] {
  return globSync('**/*.js', { cwd: dist })
    .filter((file) =>
      /(from|import)\s*\(?\s*["'`]\.[^"'`]*\.ts["'`]/.test(readFileSync(path.join(dist, file), 'utf8')),
    )
    .map((file) => `${file} imports a .ts file`);
}

async function linkProblems(file: string): Promise<readonly string[]> {
  const load = async (specifier: string): Promise<vm.Module> => {
    const target = specifier.startsWith('.') ? new URL(specifier, pathToFileURL(file)).href : specifier;
    const namespace = (await import(target)) as Readonly<Record<string, unknown>>;
    return new vm.SyntheticModule(Object.keys(namespace), () => undefined);
  };
  try {
    const module = new vm.SourceTextModule(readFileSync(file, 'utf8'), { identifier: file });
    await module.link(load);
    return [];
  } catch (error) {
    return [
      `${path.basename(file)} does not load: ${error instanceof Error ? error.message : String(error)}`,
    ];
  }
}
