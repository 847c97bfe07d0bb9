import { execFile } from 'node:child_process';
import { cp, readdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createTemporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

/**
 * A known mistake: a patch with two lines before it, `Bug: <sentence>` and `Caught-by: <jest project> <path pattern>`; after
 * these a part of the test's name, where the other tests of the file would take long to fail as well. Or `Caught-by: simulator
 * <schedules>`.
 */
export interface PlantedBug {
  readonly name: string;
  readonly sentence: string;
  readonly project: string;
  readonly pattern: string;
  readonly testName?: string;
  readonly file: string;
}

export async function readPlantedBugs(directory: string): Promise<readonly PlantedBug[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.patch')).sort();
  return Promise.all(
    files.map(async (name) => {
      const file = path.join(directory, name);
      const text = await readFile(file, 'utf8');
      const sentence = /^Bug: (.+)$/m.exec(text)?.[1];
      const [, project, pattern, testName] = /^Caught-by: (\w+) (\S+)(?: (.+))?$/m.exec(text) ?? [];
      if (!sentence || !project || !pattern) throw new Error(`${name} needs the lines Bug: and Caught-by:`);
      return {
        name: path.basename(name, '.patch'),
        sentence,
        project,
        pattern,
        ...(testName && { testName }),
        file,
      };
    }),
  );
}

export interface SuiteOutcome {
  readonly failed: number;
  readonly passed: number;
  /** Files that could not even be loaded. */
  readonly broken: number;
}

/** A copy of the sources to do damage to; the installed packages are those of the original. */
export interface Workspace extends AsyncDisposable {
  apply(bug: PlantedBug): Promise<void>;
  revert(bug: PlantedBug): Promise<void>;
  test(bug: PlantedBug): Promise<SuiteOutcome>;
}

const copied = ['src', 'test', 'hack', 'manifests', 'package.json', 'jest.config.js', 'tsconfig.json'];

export async function createWorkspace(repository: string): Promise<Workspace> {
  const directory = await createTemporaryDirectory('planted-bugs');
  const within = (name: string) => path.join(directory.path, name);
  await Promise.all(copied.map((name) => cp(path.join(repository, name), within(name), { recursive: true })));
  await symlink(path.join(repository, 'node_modules'), within('node_modules'));
  const patch = async (args: readonly string[], file: string) => {
    await run('git', ['apply', '--recount', ...args, file], {
      cwd: directory.path,
      // Not the repository that the temporary folder may be in.
      env: { ...process.env, GIT_CEILING_DIRECTORIES: path.dirname(directory.path) },
    });
  };
  return {
    apply: ({ file }) => patch([], file),
    revert: ({ file }) => patch(['--reverse'], file),
    test: (bug) => (bug.project === 'simulator' ? simulate : runJest)(directory.path, bug),
    [Symbol.asyncDispose]: () => directory.remove(),
  };
}

/** Seeds from 1 on, so that it is the same every time. */
async function simulate(directory: string, { pattern: schedules }: PlantedBug): Promise<SuiteOutcome> {
  const args = ['test/simulator/run.ts', '--seed', '1', '--schedules', schedules];
  try {
    await run(process.execPath, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 });
    return { passed: Number(schedules), failed: 0, broken: 0 };
  } catch (error: unknown) {
    const isCaught = String((error as { stdout?: unknown }).stdout).includes(' schedules from seed ');
    return isCaught ? { passed: 0, failed: 1, broken: 0 } : { passed: 0, failed: 0, broken: 1 };
  }
}

async function runJest(directory: string, { project, pattern, testName }: PlantedBug): Promise<SuiteOutcome> {
  const report = path.join(directory, 'report.json');
  const args = [
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--selectProjects',
    project,
    '--maxWorkers=1',
    '--ci',
    '--json',
    `--outputFile=${report}`,
    '--testPathPatterns',
    pattern,
    ...(testName ? ['--testNamePattern', testName] : []),
  ];
  // Jest ends with 1 when a test fails, which is what is hoped for.
  await run(process.execPath, args, { cwd: directory, maxBuffer: 64 * 1024 * 1024 }).catch(() => undefined);
  const { numFailedTests, numPassedTests, numRuntimeErrorTestSuites } = JSON.parse(
    await readFile(report, 'utf8'),
  ) as Record<string, number>;
  return {
    failed: numFailedTests ?? 0,
    passed: numPassedTests ?? 0,
    broken: numRuntimeErrorTestSuites ?? 0,
  };
}
