/**
 * `npm run lint`: everything that can be said of the project without running it. All checks run, whatever fails.
 * `npm run lint -- --fix` repairs what prettier and eslint can repair.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  eventReasons,
  lastingReasons,
  passingReasons,
  wantedReasons,
} from '../../src/api/v1alpha1/reasons.ts';
import { probe } from '../toolchain/command.ts';
import { formatFinding, projectRoot, readProject } from './project.ts';
import type { Finding } from './project.ts';
import { checkDecisions } from './rules/decisions.ts';
import { checkFileNames } from './rules/file-names.ts';
import { checkLinks } from './rules/links.ts';
import { checkRunbooks } from './rules/runbooks.ts';
import { checkWords } from './rules/words.ts';
import { formatDuration, formatTable } from './table.ts';

interface Check {
  readonly name: string;
  run(): Promise<Outcome>;
}

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

interface Result extends Outcome {
  readonly name: string;
  readonly milliseconds: number;
}

const { values } = parseArgs({ options: { fix: { type: 'boolean', default: false } } });
const results = await runAll(checks(values.fix), values.fix ? 1 : 2);
report(results);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

/** The slowest first, so that two lanes end together. */
function checks(fix: boolean): readonly Check[] {
  return [
    command('eslint', 'node_modules/.bin/eslint', ['.', ...(fix ? ['--fix'] : [])]),
    command('types', 'node_modules/.bin/tsc', ['--noEmit']),
    command('format', 'node_modules/.bin/prettier', ['--log-level=warn', fix ? '--write' : '--check', '.']),
    command('generated files', process.execPath, ['hack/generate/generate.ts', '--check']),
    command('dependencies', 'node_modules/.bin/depcruise', ['--output-type=err-long', 'src', 'hack', 'test']),
    own('links', () => checkLinks(readProject())),
    own('file names', () => checkFileNames(readProject().map((file) => file.path))),
    own('decisions', () => checkDecisions(readProject().map((file) => file.path))),
    own('runbooks', () =>
      checkRunbooks(readProject(), {
        lasting: Object.keys(lastingReasons),
        others: Object.keys({ ...wantedReasons, ...passingReasons, ...eventReasons }),
      }),
    ),
    own('words', () =>
      checkWords(readProject(), readFileSync(path.join(import.meta.dirname, 'rules/words.txt'), 'utf8')),
    ),
  ];
}

function command(name: string, program: string, args: readonly string[]): Check {
  return {
    name,
    run: async () => {
      const { status, stdout, stderr } = await probe(program, args, { cwd: projectRoot });
      return { ok: status === 0, output: `${stdout}${stderr}` };
    },
  };
}

function own(name: string, find: () => readonly Finding[]): Check {
  return {
    name,
    run: () => {
      const findings = find();
      return Promise.resolve({ ok: findings.length === 0, output: findings.map(formatFinding).join('\n') });
    },
  };
}

async function runAll(all: readonly Check[], lanes: number): Promise<readonly Result[]> {
  const waiting = [...all];
  const finished: Result[] = [];
  const lane = async (): Promise<void> => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      const started = performance.now();
      const outcome = await check.run();
      const result = { ...outcome, name: check.name, milliseconds: performance.now() - started };
      console.log(
        `${result.ok ? 'ok    ' : 'FAILED'} ${result.name}, ${formatDuration(result.milliseconds)}`,
      );
      finished.push(result);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return finished;
}

function report(all: readonly Result[]): void {
  const failed = all.filter(({ ok }) => !ok);
  for (const { name, output } of failed) console.log(`\n--- ${name}\n${output.trimEnd()}`);
  if (failed.length === 0) return;
  const rows = failed.map(({ name, output }) => [name, `${output.trimEnd().split('\n').length} lines`]);
  console.log(`\n${formatTable([['failed', 'output'], ...rows])}`);
}
