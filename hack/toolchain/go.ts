import path from 'node:path';
import { probe, run, runLogged } from './command.ts';
import { ToolchainError } from './errors.ts';
import type { GoModule, Recipe } from './recipes.ts';

const oldestGo = { major: 1, minor: 26 };

export function moduleDirectory(module: GoModule): string {
  return path.join(import.meta.dirname, 'modules', module);
}

/** What of a recipe decides the bytes that are built. */
export type BuildRecipe = Pick<Recipe, 'module' | 'package' | 'variables' | 'isTest'>;

/** Arguments of `go` for one program. Change them and every cached binary is made anew. */
export function buildArguments(recipe: BuildRecipe): readonly string[] {
  const stamps = Object.entries(recipe.variables).map(([variable, value]) => `-X ${variable}=${value}`);
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', ['-s', '-w', ...stamps].join(' ')];
  return [...(recipe.isTest ? ['test', '-c', '-vet=off'] : ['build']), ...flags, recipe.package];
}

/** Builds one program of a pinned module. @throws ToolchainError GoMissing, GoTooOld, BuildFailed (the log is named) */
export async function goBuild(recipe: BuildRecipe, output: string, log: string): Promise<void> {
  await requireGo();
  const [command = 'build', ...rest] = buildArguments(recipe);
  try {
    await runLogged('go', [command, '-o', output, ...rest], log, {
      cwd: moduleDirectory(recipe.module),
      env: goEnvironment(),
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ToolchainError('BuildFailed', `go ${command} ${recipe.package}`, reason, { cause });
  }
}

/** Directory of a module's source in the Go module cache, downloaded and checked against go.sum when it is not there. */
export async function moduleSource(module: GoModule, modulePath: string): Promise<string> {
  await requireGo();
  const output = await run('go', ['mod', 'download', '-json', modulePath], {
    cwd: moduleDirectory(module),
    env: goEnvironment(),
  });
  const { Dir: directory } = JSON.parse(output) as { readonly Dir: string };
  return directory;
}

function goEnvironment(): NodeJS.ProcessEnv {
  // Nothing but the pinned inputs may decide what is built.
  return {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=readonly',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
    GOOS: 'linux',
  };
}

async function requireGo(): Promise<void> {
  const wanted = `Go >= ${oldestGo.major}.${oldestGo.minor} is needed to build Kubernetes and its friends`;
  const result = await probe('go', ['env', 'GOVERSION'], { env: goEnvironment() });
  if (result.status !== 0) {
    throw new ToolchainError(
      'GoMissing',
      'go env',
      `${wanted}, and there is no go on the PATH: see https://go.dev/doc/install`,
    );
  }
  const version = result.stdout.trim();
  if (!isNewEnough(version)) {
    throw new ToolchainError('GoTooOld', 'go env', `${wanted}; this machine has ${version}`);
  }
}

/** @param version as `go env GOVERSION` prints it: `go1.26.8`, `devel go1.27-abc` */
export function isNewEnough(version: string): boolean {
  const match = /go(\d+)\.(\d+)/.exec(version);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > oldestGo.major || (major === oldestGo.major && minor >= oldestGo.minor);
}
