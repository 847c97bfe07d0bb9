import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { packCli } from '../../hack/check/cli-package.ts';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { type CliRun, runCli } from '../support/cli.ts';
import { recordFigure } from '../support/figures.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

jest.setTimeout(120_000);

const run = promisify(execFile);
const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
let home: TemporaryDirectory;

const bin = () => path.join(home.path, 'prefix/bin');
const marina = (args: readonly string[], more: CliRun = {}, name = 'marina') =>
  runCli(home.path, args, { program: [path.join(bin(), name)], ...more });

beforeAll(async () => {
  home = started.use(await createTemporaryDirectory('cli-package'));
  const packed = await packCli(path.join(home.path, 'packing'));
  const prefix = path.join(home.path, 'prefix');
  await run('npm', [
    'install',
    '--global',
    '--prefix',
    prefix,
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    packed,
  ]);
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client));
}, 300_000);

afterAll(() => started.disposeAsync());

describe('the packed command line, installed by npm', () => {
  it('brings its two programs and nothing of the server', async () => {
    expect((await readdir(bin())).sort()).toEqual(['kubectl-marina', 'marina']);
    const modules = await readdir(path.join(home.path, 'prefix/lib/node_modules/marina/node_modules'));
    expect(modules).toEqual(expect.arrayContaining(['commander', 'openapi-fetch']));
    expect(modules).not.toEqual(expect.arrayContaining(['@nestjs']));
    expect(modules).not.toEqual(expect.arrayContaining(['typeorm']));
  });

  it('helps at once', async () => {
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const before = performance.now();
      const { status, stdout } = await marina(['--help']);
      times.push(performance.now() - before);
      expect({ status, stdout }).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('create [options]'),
      });
    }
    const best = Math.min(...times);
    recordFigure('marina --help', `${Math.round(best)} ms`);
    expect(best).toBeLessThan(1_000);
  });

  it('speaks to the REST API', async () => {
    const owner = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'stranger' });
    const environment = { MARINA_SERVER: rest.url, MARINA_TOKEN: owner, MARINA_NAMESPACE: 'team-a' };
    const refused = await marina(['create', 'blue', '--version', '1.36.3'], { environment });
    expect(refused).toMatchObject({
      status: 4,
      stdout: '',
      stderr: expect.stringMatching(/^Error: .*marina doctor/),
    });
  });

  it('speaks to the management cluster, as kubectl marina to kubectl’s own', async () => {
    const environment = { KUBECONFIG: cluster.kubeconfigPath };
    const create = ['create', 'blue', '--version', '1.36.3', '-n', 'team-a', '-o', 'name'];
    const made = await marina(create, { environment }, 'kubectl-marina');
    expect(made).toMatchObject({ status: 0, stdout: 'controlplane/blue\n' });
    const listed = await marina([
      'list',
      '--kubeconfig',
      cluster.kubeconfigPath,
      '-n',
      'team-a',
      '-o',
      'name',
    ]);
    expect(listed).toMatchObject({ status: 0, stdout: 'controlplane/blue\n' });
    expect(await marina(['list'], { environment })).toMatchObject({ status: 2 });

    const { kubectl } = await ensureBinaries(['kubectl']);
    const PATH = `${bin()}${path.delimiter}${process.env['PATH']}`;
    const asPlugin = await marina(['marina', 'get', 'blue', '-n', 'team-a', '-o', 'name'], {
      program: [kubectl],
      environment: { ...environment, PATH },
    });
    expect(asPlugin).toMatchObject({ status: 0, stdout: 'controlplane/blue\n' });
  });

  it.each(['bash', 'zsh', 'fish'])('completes in %s, where that is installed', async (shell) => {
    const { status, stdout } = await marina(['completion', shell]);
    expect(status).toBe(0);
    expect(stdout).toContain('kubeconfig issue');
    const script = path.join(home.path, `completion.${shell}`);
    await writeFile(script, stdout);
    if (!(await isInstalled(shell))) return;
    await run(shell, ['-n', script]);
  });

  it('completes commands, options and what these take in bash', async () => {
    const script = path.join(home.path, 'marina.bash');
    await writeFile(script, (await marina(['completion', 'bash'])).stdout);
    const complete = async (...words: string[]) => {
      const given = words.map((word) => `'${word}'`).join(' ');
      const text = `source ${script}; COMP_WORDS=(marina ${given}); COMP_CWORD=${words.length}; _marina; echo "\${COMPREPLY[*]}"`;
      return (await run('bash', ['-c', text])).stdout.trim().split(' ');
    };
    expect(await complete('de')).toEqual(['delete']);
    expect(await complete('kubeconfig', 'i')).toEqual(['issue']);
    expect(await complete('kubeconfig', 'issue', 'blue', '--cl')).toEqual(['--cluster-role']);
    expect(await complete('list', '-o', '')).toEqual(['table', 'wide', 'json', 'yaml', 'name']);
  });
});

async function isInstalled(program: string): Promise<boolean> {
  return await run('which', [program]).then(
    () => true,
    () => false,
  );
}
