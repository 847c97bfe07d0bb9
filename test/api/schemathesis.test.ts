import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureSchemathesis } from '../../hack/check/api-schemathesis.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { type ApiWorld, startApiWorld } from './world.ts';

/** Of each operation, in each phase. */
const examples = scaled(10, 2_000);
/** The same for lives: most come to an end at something that is not there. */
const sequences = scaled(150, 2_000);
/** Whose lives are lived; of chance specs of the others too few are taken for the short form. */
const livingKinds = scaled('Backup', 'ControlPlane|Backup|Restore');
const seed = seedOr(20_261_122);
const hourMs = 3_600_000;
/** Answers to requests that got through. */
const story: Readonly<Record<string, readonly unknown[]>> = {
  POST: [201, 202],
  PATCH: [200],
  DELETE: [200, 202],
};

/** What was only checked (`dryRun`) is taken for made by schemathesis, and missed afterwards. */
const makesWhatItSays = `
[[operations]]
include-operation-id-regex = "^create"
parameters = { "query.dryRun" = "false" }
`;

/** The parts of schemathesis' JSON report that are read here. */
interface Report {
  readonly complete: boolean;
  readonly exit_code: number;
  readonly operations: { readonly selected: number; readonly tested: number; readonly errored: number };
  readonly test_cases: { readonly generated: number; readonly with_failures: number };
  readonly failures: readonly unknown[];
  readonly errors: readonly unknown[];
}

const started = new AsyncDisposableStack();
let world: ApiWorld;

beforeAll(async () => {
  world = started.use(await startApiWorld());
}, 240_000);

afterAll(() => started.disposeAsync(), 30_000);

test(
  'every answer is one that the OpenAPI document promises, whatever is sent',
  async () => {
    const report = await attack('examples,coverage,fuzzing,stateful', '.');
    recordFigure('REST attacked', figureOf(report));
    expectNothing(report);
  },
  scaled(600_000, 12 * hourMs),
);

test(
  'objects are made, changed by the ETag of an answer and deleted, one request going on from another',
  async () => {
    const report = await attack('stateful', `^(create|get|patch|delete)(${livingKinds})$`, true);
    const { changed, deleted } = await livesOf();
    recordFigure(
      'REST attacked, lives',
      `${changed} made and changed, ${deleted} made and deleted in ${figureOf(report)}`,
    );
    expectNothing(report);
    expect(Math.min(changed, deleted)).toBeGreaterThan(0);
  },
  scaled(300_000, hourMs),
);

function figureOf({ operations, test_cases: cases }: Report): string {
  return `${cases.generated} requests to ${operations.tested} operations, seed ${seed}: ${cases.with_failures} against the document`;
}

function expectNothing({ told, failures, errors, ...report }: Report & { readonly told: string }): void {
  expect({ failures, errors, told }).toEqual({ failures: [], errors: [], told: '' });
  expect(report).toMatchObject({ complete: true, exit_code: 0 });
  expect(report.operations.tested).toBe(report.operations.selected);
}

function fileOf(name: string): string {
  return path.join(world.directory, name);
}

async function fetchDocument(): Promise<string> {
  const headers = { authorization: `Bearer ${world.token}` };
  const answer = await fetch(`${world.rest.url}/v1/openapi.json`, { headers });
  expect(answer.status).toBe(200);
  return await answer.text();
}

/** Its report, and what it has against the API, with a curl line for each. `operations`: pattern of their operationIds. */
async function attack(
  phases: string,
  operations: string,
  isOfLives = false,
): Promise<Report & { readonly told: string }> {
  await writeFile(fileOf('openapi.json'), await fetchDocument());
  const { command, args } = await ensureSchemathesis(() => undefined);
  const log = await open(fileOf('schemathesis.log'), 'w');
  const config = await readFile(path.join(import.meta.dirname, 'schemathesis.toml'), 'utf8');
  await writeFile(fileOf('schemathesis.toml'), `${config}\n${isOfLives ? makesWhatItSays : ''}`);
  const child = spawn(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', command, ...args, '--config-file', fileOf('schemathesis.toml')],
      ...['run', fileOf('openapi.json'), '--url', world.rest.url, '--checks', 'all', '--no-color'],
      ...['--phases', phases, '--include-operation-id-regex', operations, '--workers', '1'],
      ...[
        '--max-examples',
        `${isOfLives ? sequences : examples}`,
        '--seed',
        `${seed}`,
        '--generation-database',
        'none',
      ],
      ...['--report', 'json', '--report-json-path', fileOf('report.json')],
    ],
    {
      cwd: world.directory,
      env: { ...process.env, MARINA_API_TOKEN: world.token },
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  await once(child, 'close');
  await log.close();
  const output = await readFile(fileOf('schemathesis.log'), 'utf8');
  const [, problems = ''] = /^=+ (?:ERRORS|FAILURES) =+$([^]*)^=+ SUMMARY =+$/m.exec(output) ?? [];
  const told = problems
    .split('\n')
    .map((line) => line.slice(0, 500))
    .join('\n');
  return { ...(JSON.parse(await readFile(fileOf('report.json'), 'utf8')) as Report), told };
}

/** How many of the objects that were made were changed, and were deleted, as the audit trail has it. */
async function livesOf(): Promise<{ readonly changed: number; readonly deleted: number }> {
  const lives = new Map<string, Set<string>>();
  let query = '';
  do {
    const answer = await fetch(`${world.rest.url}/v1/audit?limit=500${query}`, {
      headers: { authorization: `Bearer ${world.token}` },
    });
    const { items, cursor } = (await answer.json()) as {
      readonly items: readonly Readonly<Record<string, unknown>>[];
      readonly cursor?: string;
    };
    for (const { method, status, resource, name } of items) {
      if (!story[String(method)]?.includes(status)) continue;
      const key = `${String(resource)} ${String(name)}`;
      lives.set(key, (lives.get(key) ?? new Set()).add(String(method)));
    }
    query = cursor === undefined ? '' : `&cursor=${cursor}`;
  } while (query !== '');
  const made = [...lives.values()].filter((methods) => methods.has('POST'));
  const after = (method: string) => made.filter((methods) => methods.has(method)).length;
  return { changed: after('PATCH'), deleted: after('DELETE') };
}
