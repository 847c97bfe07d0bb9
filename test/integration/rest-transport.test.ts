import { rename, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import path from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import { createAuthority, createLeaf } from '../support/certificates.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { startManagementDatabase } from '../support/management-database.ts';
import { answerTo, openConnection, statusesOf } from '../support/raw-http.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const controlPlanes = '/v1/namespaces/team-a/controlplanes';
const spec = { dataStore: 'default', kubernetes: { version: 'v1.36.3' } };
const timeouts = {
  headersTimeout: 500,
  requestTimeout: 1_000,
  connectionsCheckingInterval: 100,
  answerTimeout: 5_000,
};

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let database: ManagementDatabase;
let directory: TemporaryDirectory;
let rest: RestApi;
let token: string;

beforeAll(async () => {
  directory = started.use(await createTemporaryDirectory('transport'));
  database = started.use(await startManagementDatabase());
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client, undefined, { database, timeouts }));
  token = await tokenOf(cluster.kubeconfigPath, { namespace: 'team-a', name: 'owner' });
  const permitted = { resources: ['tenantcontrolplanes'], isEverywhere: true };
  await permit(cluster.client, { namespace: 'team-a', name: 'owner' }, permitted);
}, 120_000);

afterAll(() => started.disposeAsync());

/** A request's head, with a token. */
function head(method: string, target: string, ...headers: readonly string[]): string {
  return [
    `${method} ${target} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${token}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
}

describe('a path', () => {
  it('that there is not is 404, whoever asks', async () => {
    expect(await rest.ask('GET', '/v1/nowhere')).toMatchObject({ status: 404, body: { code: 'NotFound' } });
  });

  it('says which methods it has', async () => {
    const wrong = await rest.ask('PUT', controlPlanes);
    expect(wrong).toMatchObject({ status: 405, body: { code: 'MethodNotAllowed' } });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST, OPTIONS');

    const options = await rest.ask('OPTIONS', `${controlPlanes}/blue`);
    expect(options.status).toBe(204);
    expect(options.headers.get('allow')).toBe('DELETE, GET, HEAD, PATCH, OPTIONS');
  });

  it('is looked at with HEAD as with GET, but for the body', async () => {
    const answer = await rest.ask('HEAD', controlPlanes, { token });

    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await rest.ask('HEAD', controlPlanes)).toMatchObject({ status: 401 });
  });
});

describe('an answer', () => {
  it('is for no browser’s page, no cache and no other origin', async () => {
    const { headers } = await rest.ask('GET', controlPlanes, {
      token,
      headers: { origin: 'https://evil.example' },
    });

    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
    expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(headers.has('x-powered-by')).toBe(false);
  });

  it.each([
    ['*/*', 200],
    ['application/*;q=0.5, text/html', 200],
    ['text/html', 406],
    ['application/json;q=0', 406],
  ])('for whoever accepts %s is %i', async (accept, status) => {
    expect(await rest.ask('GET', controlPlanes, { token, headers: { accept } })).toMatchObject({ status });
  });
});

describe('who asks', () => {
  it('is known before a body is read', async () => {
    await using connection = await openConnection(rest.url);

    connection.send(
      `POST ${controlPlanes} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{`,
    );

    expect(statusesOf(await connection.receives((text) => text.includes('Unauthenticated')))).toEqual([401]);
  });
});

describe('a request that is none', () => {
  const smuggled = `GET ${controlPlanes} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const post = (...headers: readonly string[]) =>
    head('POST', controlPlanes, 'Content-Type: application/json', ...headers);

  it.each<[string, () => string, number]>([
    [
      'has both a length and chunks',
      () => `${post('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
      400,
    ],
    [
      'has chunks and a length',
      () => `${post('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${smuggled}`,
      400,
    ],
    ['has two lengths', () => `${post('Content-Length: 0', 'Content-Length: 40')}${smuggled}`, 400],
    ['has a length with a sign', () => `${post('Content-Length: +0')}${smuggled}`, 400],
    ['has a space before a colon', () => `${post('Transfer-Encoding : chunked')}0\r\n\r\n${smuggled}`, 400],
    [
      'has an encoding after chunked',
      () => `${post('Transfer-Encoding: chunked, identity')}0\r\n\r\n${smuggled}`,
      400,
    ],
    ['has a folded header', () => `${post('Transfer-Encoding:\r\n chunked')}0\r\n\r\n${smuggled}`, 400],
    ['has a chunk without a size', () => `${post('Transfer-Encoding: chunked')}z\r\n\r\n${smuggled}`, 400],
    ['is not HTTP', () => '\x16\x03\x01\x02\x00\x01\x00', 400],
    [
      'has 10,000 headers',
      () => head('GET', controlPlanes, ...Array.from({ length: 10_000 }, (_, n) => `x${n}: 1`)),
      431,
    ],
    ['has one long header', () => head('GET', controlPlanes, `x: ${'1'.repeat(20_000)}`), 431],
    ['has a long path', () => head('GET', `/v1/${'a'.repeat(20_000)}`), 431],
  ])('because it %s is refused, and nothing after it is read', async (_, make, status) => {
    const answer = await answerTo(rest.url, make());

    expect(statusesOf(answer)).toEqual([status]);
    expect(answer).toMatch(/^connection: close/im);
  });
});

describe('a request without a host', () => {
  it('is refused', async () => {
    expect(statusesOf(await answerTo(rest.url, `GET ${controlPlanes} HTTP/1.1\r\n\r\n`))).toEqual([400]);
  });
});

describe('requests in one go', () => {
  it('are answered one after another', async () => {
    await using connection = await openConnection(rest.url);

    connection.send(
      head('GET', controlPlanes) + head('GET', '/nowhere') + head('GET', controlPlanes, 'Connection: close'),
    );

    expect(statusesOf(await connection.closed)).toEqual([200, 404, 200]);
  });

  it('are given up with whoever sent them', async () => {
    await using connection = await openConnection(rest.url);

    connection.send(head('GET', '/v1/watch/namespaces/team-a/controlplanes'));
    await connection.receives((text) => text.includes('event: bookmark'));
    connection.endSending();

    expect(statusesOf(await connection.closed)).toEqual([200]);
  });
});

describe('a slow client', () => {
  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['half a head', () => `GET ${controlPlanes} HTTP/1.1\r\nHost: x\r\n`],
    [
      'half a body',
      () => `${head('POST', controlPlanes, 'Content-Type: application/json', 'Content-Length: 100')}{`,
    ],
  ])('that sends %s is not waited for', async (_, make) => {
    const answer = await answerTo(rest.url, make());

    expect(statusesOf(answer)).toEqual([408]);
  });

  it('that drips is not waited for either', async () => {
    await using connection = await openConnection(rest.url);
    connection.send(`GET ${controlPlanes} HTTP/1.1\r\n`);
    let n = 0;
    const drip = setInterval(() => connection.send(`x${(n += 1)}: 1\r\n`), 50);

    try {
      expect(statusesOf(await connection.closed)).toEqual([408]);
    } finally {
      clearInterval(drip);
    }
  });
});

describe('an API that ends', () => {
  it('answers what is under way, ends streams, and takes nothing new', async () => {
    const own = await startRest(cluster.client, undefined, { database });
    await using stream = await openConnection(own.url);
    stream.send(head('GET', '/v1/watch/namespaces/team-a/controlplanes'));
    await stream.receives((text) => text.includes('event: bookmark'));
    await using waiting = await openConnection(own.url);
    const body = JSON.stringify({ name: 'waits', spec });
    waiting.send(
      head(
        'POST',
        `${controlPlanes}?wait=60`,
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
      ) + body,
    );
    await waitUntil(
      'it waits',
      async () => (await own.ask('GET', `${controlPlanes}/waits`, { token })).status === 200,
    );
    await using idle = await openConnection(own.url);
    idle.send(head('GET', controlPlanes));
    await idle.receives((text) => statusesOf(text).length === 1);

    await own[Symbol.asyncDispose]();

    expect(await stream.closed).toMatch(/\r\n0\r\n\r\n$/);
    expect(statusesOf(await waiting.closed)).toEqual([202]);
    expect(waiting.received).toMatch(/^connection: close/im);
    expect(statusesOf(await idle.closed)).toEqual([200]);
    await expect(openConnection(own.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('does not wait longer than it has time', async () => {
    const own = await startRest(cluster.client, undefined, { database, patienceMs: 200 });
    await using stuck = await openConnection(own.url);
    stuck.send(`${head('POST', controlPlanes, 'Content-Type: application/json', 'Content-Length: 100')}{`);
    await using behind = await openConnection(own.url);
    behind.send(head('GET', controlPlanes));
    await behind.receives((text) => statusesOf(text).length === 1);

    await own[Symbol.asyncDispose]();

    expect(await stuck.closed).toBe('');
  });
});

describe('TLS of its own', () => {
  it('is 1.2 at least, and has a new certificate for new connections when the files change', async () => {
    const authority = await createAuthority('ca');
    const certFile = path.join(directory.path, 'tls.crt');
    const keyFile = path.join(directory.path, 'tls.key');
    const write = async (commonName: string) => {
      const leaf = await createLeaf(authority, { commonName, ipAddresses: ['127.0.0.1'] });
      for (const [file, text] of [
        [certFile, leaf.certificate],
        [keyFile, leaf.privateKey],
      ] as const) {
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
      }
    };
    await write('first');
    await using own = await startRest(cluster.client, undefined, { database, tls: { certFile, keyFile } });
    const port = Number(new URL(own.url).port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: authority.certificate });

    try {
      const before = await getOver(agent, port);
      await write('second');
      await waitUntil('the new certificate is served', async () => {
        using socket = disposable(connectTls({ port, host: '127.0.0.1', ca: authority.certificate }));
        return (await socket.handshake()) === 'second';
      });
      const after = await getOver(agent, port);

      expect(before).toMatchObject({ status: 401, hsts: 'max-age=31536000' });
      expect(after.socket).toBe(before.socket);
      using old = disposable(
        connectTls({
          port,
          host: '127.0.0.1',
          ca: authority.certificate,
          maxVersion: 'TLSv1.1',
          minVersion: 'TLSv1',
        }),
      );
      await expect(old.handshake()).rejects.toThrow();
    } finally {
      agent.destroy();
    }
  });

  it('does not start with a key of another certificate', async () => {
    const authority = await createAuthority('ca');
    const [one, other] = [
      await createLeaf(authority, { commonName: 'a' }),
      await createLeaf(authority, { commonName: 'b' }),
    ];
    const certFile = path.join(directory.path, 'mixed.crt');
    const keyFile = path.join(directory.path, 'mixed.key');
    await writeFile(certFile, one.certificate);
    await writeFile(keyFile, other.privateKey);

    await expect(
      startRest(cluster.client, undefined, { database, tls: { certFile, keyFile } }),
    ).rejects.toThrow(/key values mismatch/);
  });
});

interface TlsAnswer {
  readonly status: number | undefined;
  readonly hsts: string | undefined;
  readonly socket: unknown;
}

function getOver(agent: Agent, port: number): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ agent, port, host: '127.0.0.1', path: controlPlanes }, (response) => {
      const { socket } = response;
      response.resume();
      response.once('end', () =>
        resolve({ status: response.statusCode, hsts: response.headers['strict-transport-security'], socket }),
      );
    });
    call.once('error', reject);
    call.end();
  });
}

/** `handshake`: the common name of the server's certificate. */
function disposable(socket: TLSSocket) {
  const handshake = () =>
    new Promise<string | undefined>((resolve, reject) => {
      socket.once('secureConnect', () => resolve(String(socket.getPeerCertificate().subject.CN)));
      socket.once('error', reject);
    });
  return { handshake, [Symbol.dispose]: () => void socket.destroy() };
}
