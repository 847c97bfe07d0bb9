import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps } from '../../src/kube/resources.ts';
import { type CliResult, runCli } from '../support/cli.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { onMachine } from '../support/process-kubelet.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

jest.setTimeout(120_000);

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
let home: TemporaryDirectory;
let owner: string;
let stranger: string;

const file = () => path.join(home.path, 'blue.yaml');
const environment = () => ({ MARINA_SERVER: rest.url, MARINA_TOKEN: owner, MARINA_NAMESPACE: 'team-a' });

beforeAll(async () => {
  home = started.use(await createTemporaryDirectory('cli'));
  cluster = started.use(await startManagementCluster());
  await cluster.startMachine({ processes: ['kube-apiserver'] });
  started.defer(await cluster.startMarina());
  rest = started.use(await startRest(cluster.client));
  const { client, kubeconfigPath } = cluster;
  owner = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'owner' });
  stranger = await tokenOf(kubeconfigPath, { namespace: 'team-a', name: 'stranger' });
  await permit(client, { namespace: 'team-a', name: 'owner' }, { resources: ['*'] });
  await writeFile(file(), JSON.stringify({ spec: { dataStore: 'default', ...onMachine } }));
}, 180_000);

afterAll(() => started.disposeAsync());

/** Each way to the same control planes. */
const ways = {
  REST: (...args: string[]) => runCli(home.path, args, { environment: environment() }),
  'the management cluster': (...args: string[]) =>
    runCli(home.path, [...args, '--kubeconfig', cluster.kubeconfigPath, '-n', 'team-a']),
};

function expectDone({ status, stderr, stdout }: CliResult): string {
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

describe.each(Object.entries(ways))('a control plane, by way of %s', (way, marina) => {
  const name = way === 'REST' ? 'blue' : 'green';

  it('is checked, made and waited for with lines that say how it goes', async () => {
    const args = ['create', name, '-f', file(), '--version', '1.36.3', '--label', 'tier=gold'];
    expect(expectDone(await marina(...args, '--dry-run'))).toBe(`controlplane/${name} would be created\n`);
    expect((await marina('get', name)).status).toBe(3);

    const made = await marina(...args, '--wait');

    expect(expectDone(made)).toBe(`controlplane/${name} is Ready\n`);
    expect(made.stderr).toMatch(new RegExp(`^controlplane/${name} created\n`));
    expect(made.stderr).toMatch(new RegExp(`^ +\\d+s {2}${name}: \\w+: .+$`, 'm'));
  });

  it('is listed and shown, for people and for programs', async () => {
    const table = expectDone(await marina('list'));
    expect(table).toMatch(/^NAME +VERSION +READY +PHASE +ENDPOINT +AGE\n/);
    expect(table).toMatch(new RegExp(`^${name} +v1.36.3 +True +Ready +\\S+:6443 +\\w+$`, 'm'));
    expect(expectDone(await marina('list', '-l', 'tier=none'))).toBe('');
    expect(expectDone(await marina('get', name, '-o', 'name'))).toBe(`controlplane/${name}\n`);
    const json = JSON.parse(expectDone(await marina('get', name, '-o', 'json'))) as object;
    expect(json).toMatchObject({
      namespace: 'team-a',
      name,
      labels: { tier: 'gold' },
      status: { phase: 'Ready' },
    });
    for (const other of Object.values(ways))
      expect(parse(expectDone(await other('get', name, '-o', 'yaml')))).toEqual(json);
    expect(expectDone(await marina('get', name))).toMatch(/^Ready: +true$/m);
  });

  it('gives tokens with which machines join', async () => {
    const line = expectDone(await marina('join', name, '--lifetime', '10m', '--description', 'rack 7'));
    const [, id] =
      /^kubeadm join \S+ --token ([a-z0-9]{6})\.\S{16} --discovery-token-ca-cert-hash sha256:[0-9a-f]{64}\n$/.exec(
        line,
      ) ?? [];
    expect(id).toBeDefined();
    const userData = expectDone(await marina('join', name, '--cloud-init'));
    expect(parse(userData)).toEqual({ runcmd: [expect.arrayContaining(['kubeadm', 'join'])] });
    expect(expectDone(await marina('token', 'list', name))).toMatch(new RegExp(`^${id} .*rack 7$`, 'm'));
    expectDone(await marina('token', 'revoke', name, id ?? ''));
    expect(expectDone(await marina('token', 'list', name))).not.toContain(id);
    expect((await marina('token', 'revoke', name, 'zzzzzz')).status).toBe(3);
    expect(expectDone(await marina('token', 'create', name))).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
  });

  it('lets the user in by their own kubeconfig, in which everything else stays', async () => {
    const own = path.join(home.path, `${name}.kubeconfig`);
    await writeFile(
      own,
      '# mine\napiVersion: v1\nkind: Config\nclusters:\n  - name: other\n    cluster: { server: https://other }\n',
    );
    const merged = await runCli(
      home.path,
      [
        'kubeconfig',
        'issue',
        name,
        '--user',
        'me',
        '--cluster-role',
        'cluster-admin',
        '--name',
        `${name}-me`,
        '--use',
        ...(way === 'REST' ? [] : ['--kubeconfig', cluster.kubeconfigPath, '-n', 'team-a']),
      ],
      { environment: { ...(way === 'REST' ? environment() : {}), KUBECONFIG: own } },
    );
    expect(expectDone(merged)).toContain(`as context team-a/${name} in ${own}`);
    const text = await readFile(own, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain('https://other');
    expect((await stat(own)).mode & 0o777).toBe(0o600);
    const client = await connect({ kubeconfig: text });
    expect((await client.list(configMaps, { namespace: 'kube-system' })).items.length).toBeGreaterThan(0);
    await client.close();

    expect(expectDone(await marina('kubeconfig', 'list', name))).toMatch(
      new RegExp(`^${name}-me +me +cluster-admin +True`, 'm'),
    );
    const copy = expectDone(await marina('kubeconfig', 'fetch', name, `${name}-me`, '--output', '-'));
    expect(parse(copy)).toMatchObject({ kind: 'Config' });
    expect(expectDone(await marina('kubeconfig', 'revoke', name, `${name}-me`))).toContain(
      'is believed until',
    );
  });

  it('tells what happened and whether it is well', async () => {
    expect(expectDone(await marina('events', name))).toMatch(/^LAST SEEN +TYPE +REASON +COUNT +MESSAGE\n/);
    const told = expectDone(await marina('doctor', name));
    expect(told).toMatch(/^ok {7}server: /m);
    expect(told).toMatch(/^ok {7}clock: /m);
    expect(told).toMatch(new RegExp(`^ok {7}control plane team-a/${name}: is as it should be$`, 'm'));
    expect((await marina('doctor', 'nobody')).status).toBe(3);
    // The process kubelet keeps no logs that the API server could ask for.
    expect(expectDone(await marina('logs', name))).toMatch(/^\(no log: .+\)\n$/);
    expect((await marina('logs', name, '-c', 'kine')).status).toBe(3);
  });

  it('has backups that say why they are not there', async () => {
    expect(expectDone(await marina('backup', 'create', name, '--name', `${name}-now`))).toBe(
      `backup/${name}-now created\n`,
    );
    expect(expectDone(await marina('backup', 'list', name))).toMatch(
      new RegExp(`^${name}-now +${name} +False`, 'm'),
    );
    const late = await marina(
      'backup',
      'create',
      name,
      '--name',
      `${name}-late`,
      '--wait',
      '--timeout',
      '2s',
    );
    expect(late).toMatchObject({ status: 6, stdout: '' });
    expect(late.stderr).toMatch(/Error: \S+-late was not Ready within 2s: .+/);
    expectDone(await marina('backup', 'delete', `${name}-now`, `${name}-late`));
    expect((await marina('restore', name)).status).toBe(2);
    expect(
      expectDone(
        await marina('restore', `${name}-copy`, '--backup', 'none', '--clone', '--name', `${name}-copy`),
      ),
    ).toBe(`restore/${name}-copy created\n`);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a field that cannot be', ['create', 'x', '--version', 'new'], 1, /\n {2}\/spec\/kubernetes\/version: /],
    [
      'a field that there is not',
      ['create', 'x', '--version', '1.36.3', '--set', 'colour=red'],
      1,
      /\n {2}\/spec\/colour: is no field of it/,
    ],
    ['a name that is taken', ['create', name, '--version', '1.36.3'], 5, /^Error: /],
    [
      'one that is not there',
      ['get', 'nobody'],
      3,
      /^Error: There is no control plane nobody in namespace team-a\.\n$/,
    ],
    ['a flag that is not known', ['list', '--colour'], 2, /unknown option '--colour'/],
    ['a missing name', ['get'], 2, /missing required argument/],
  ])('refuses %s with its own status', async (_, args, status, message) => {
    const refused = await marina(...args);
    expect({ ...refused, message: refused.stderr }).toMatchObject({
      status,
      stdout: '',
      message: expect.stringMatching(message),
    });
    expect(refused.stderr).not.toMatch(/\n\s+at /);
  });

  it('is deleted, and waited for until it is gone', async () => {
    expect(expectDone(await marina('delete', name, '--wait'))).toBe(`controlplane/${name} deleted\n`);
    expect((await marina('get', name)).status).toBe(3);
  });
});

describe('straight to the management cluster', () => {
  it('the namespace is that of the context, and a context or a file that is not there is wrong usage', async () => {
    const kubeconfig = path.join(home.path, 'management.kubeconfig');
    const text = parse(await readFile(cluster.kubeconfigPath, 'utf8')) as {
      contexts: { name: string; context: { namespace?: string } }[];
    };
    for (const { context } of text.contexts) context.namespace = 'team-b';
    await writeFile(kubeconfig, JSON.stringify(text));
    const listed = await runCli(home.path, ['list'], {
      environment: { MARINA_CONFIG: '/none', KUBECONFIG: kubeconfig },
    });
    expect(listed.status).toBe(2);
    const context = text.contexts[0]?.name ?? '';
    const straight = await runCli(home.path, ['list', '--context', context], {
      environment: { KUBECONFIG: kubeconfig },
    });
    expect(straight).toEqual({ status: 0, stdout: '', stderr: 'No control planes in namespace team-b.\n' });
    expect((await runCli(home.path, ['list', '--kubeconfig', '/none'])).status).toBe(2);
    expect((await runCli(home.path, ['list', '--kubeconfig', kubeconfig, '--context', 'none'])).status).toBe(
      2,
    );
  });

  it('usage is not there, and where it is is said', async () => {
    const refused = await ways['the management cluster']('usage');
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--server') });
  });
});

describe('over REST', () => {
  const marina = ways.REST;

  it.each<[string, Record<string, string>, number, RegExp]>([
    ['without a token', { MARINA_TOKEN: '' }, 4, /Sign in with `marina login`/],
    ['with a token that is none', { MARINA_TOKEN: 'nonsense' }, 4, /Sign in/],
    ['where nobody listens', { MARINA_SERVER: 'http://127.0.0.1:9' }, 7, /cannot be reached/],
    ['where the address is none', { MARINA_SERVER: 'marina' }, 2, /no address/],
    ['nowhere in particular', { MARINA_SERVER: '' }, 2, /marina login/],
  ])('%s, the status and the line say what to do', async (_, own, status, message) => {
    const refused = await runCli(home.path, ['list'], { environment: { ...environment(), ...own } });
    expect({ ...refused, message: refused.stderr }).toMatchObject({
      status,
      stdout: '',
      message: expect.stringMatching(message),
    });
  });

  it('who may not is told so, and the request is named', async () => {
    const refused = await runCli(home.path, ['list', '--verbose'], {
      environment: { ...environment(), MARINA_TOKEN: stranger },
    });
    expect(refused.status).toBe(4);
    expect(refused.stderr).toMatch(/^ {2}request id: [0-9a-f-]{36}$/m);
    const told = await runCli(home.path, ['doctor'], {
      environment: { ...environment(), MARINA_TOKEN: stranger },
    });
    expect(told.stdout).toMatch(/^warning {2}list control planes in team-a: /m);
    expect(told.stdout).toMatch(/^ok {7}token: of system:serviceaccount:team-a:stranger, until /m);
  });

  it('usage is shown', async () => {
    const { status, stderr } = await marina('usage');
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'No usage in that time.\n' });
  });

  it('a place is remembered, with a token that only its owner can read', async () => {
    const bare = (args: readonly string[], stdin = '') => runCli(home.path, args, { stdin });
    await mkdir(path.join(home.path, '.config'), { recursive: true });
    const refused = await bare(['login', rest.url, '-n', 'team-a', '--name', 'prod'], 'nonsense');
    expect(refused.status).toBe(4);
    const signedIn = await bare(['login', rest.url, '-n', 'team-a', '--name', 'prod'], `${owner}\n`);
    expectDone(signedIn);
    const folder = path.join(home.path, '.config/marina');
    for (const each of ['config.yaml', 'tokens/prod'])
      expect((await stat(path.join(folder, each))).mode & 0o777).toBe(0o600);
    expect(await readFile(path.join(folder, 'config.yaml'), 'utf8')).not.toContain(owner);
    expectDone(await bare(['list']));
    expect(expectDone(await bare(['profile', 'list', '-o', 'name']))).toBe('profile/prod\n');

    const file = path.join(home.path, 'token');
    await writeFile(file, owner, { mode: 0o600 });
    const command = [
      'login',
      rest.url,
      '-n',
      'team-a',
      '--name',
      'command',
      '--token-command',
      `cat ${file}`,
    ];
    expectDone(await bare(command));
    expectDone(await bare(['list']));
    await writeFile(file, 'nonsense');
    expect((await bare(['list'])).status).toBe(4);
    expectDone(await bare(['profile', 'use', 'prod']));
    expectDone(await bare(['list']));
    expect((await bare(['profile', 'use', 'none'])).status).toBe(3);
    expectDone(await bare(['profile', 'delete', 'prod']));
    await expect(stat(path.join(folder, 'tokens/prod'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
