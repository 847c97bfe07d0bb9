import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority, createLeaf } from '../../test/support/certificates.ts';
import { isApiError } from './api-error.ts';
import { type ClientOptions, createMarinaClient, dataOf, type Exchange } from './client.ts';
import { nodeFetch } from './node-fetch.ts';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let url: string;
let answers: (Answer | 'hang up' | 'silence')[];
let seen: Seen[];
let waits: number[];
let exchanges: Exchange[];
const node = nodeFetch(undefined);

beforeEach(async () => {
  [answers, seen, waits, exchanges] = [[], [], [], []];
  server = createServer((request, response) => {
    void (async () => {
      const { method, url: path, headers } = request;
      const body = await text(request);
      seen.push({ method, url: path, headers, body });
      const answer = answers.shift() ?? { status: 200, body: { items: [] } };
      if (answer === 'silence') return;
      if (answer === 'hang up') return void request.socket.destroy();
      const type = answer.status < 400 ? 'application/json' : 'application/problem+json';
      response.writeHead(answer.status, { 'content-type': type, 'x-request-id': 'r-1', ...answer.headers });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

function client(options: Partial<ClientOptions> = {}) {
  return createMarinaClient({
    server: url,
    fetch: node.fetch,
    token: () => Promise.resolve('secret'),
    wait: async (ms) => void waits.push(ms),
    random: () => 0,
    onExchange: (exchange) => exchanges.push(exchange),
    ...options,
  });
}

const list = (options?: Partial<ClientOptions>) =>
  dataOf(client(options).GET('/v1/controlplanes', { params: { query: { limit: 5, labelSelector: 'a=b' } } }));

const problem = (status: number, code: string, more: object = {}) => ({
  status,
  body: { type: 'x', title: 'x', status, code, detail: 'It is so.', requestId: 'r-9', ...more },
});

it('a server is believed by the authority that was given and by no other, through a proxy too', async () => {
  const authority = await createAuthority('marina');
  const leaf = await createLeaf(authority, { commonName: 'marina', ipAddresses: ['127.0.0.1'] });
  const secure = createSecureServer({ key: leaf.privateKey, cert: leaf.certificate }, (_, response) => {
    response.setHeader('content-type', 'application/json').end('{"items":[]}');
  }).listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const address = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  await using trusting = nodeFetch(authority.certificate);

  await expect(list({ server: address })).rejects.toMatchObject({ code: 'Untrusted' });
  expect(await list({ server: address, fetch: trusting.fetch })).toEqual({ items: [] });

  const proxied: string[] = [];
  const proxy = createServer().on('connect', ({ url: target = '' }: IncomingMessage, socket: Socket) => {
    proxied.push(target);
    const there = connect(Number(target.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      there.pipe(socket).pipe(there);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const httpsProxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  {
    await using through = nodeFetch(authority.certificate, { httpsProxy, noProxy: '' });
    expect(await list({ server: address, fetch: through.fetch })).toEqual({ items: [] });
  }
  expect(proxied).toEqual([new URL(address).host]);

  for (const each of [secure, proxy]) each.closeAllConnections();
  for (const each of [secure, proxy]) each.close();
});

describe('the client', () => {
  it('asks as whom it was told, and gives what was answered', async () => {
    expect(await list({ server: `${url}/`, userAgent: 'me/1' })).toEqual({ items: [] });
    expect(seen).toMatchObject([
      {
        method: 'GET',
        url: '/v1/controlplanes?limit=5&labelSelector=a%3Db',
        headers: { authorization: 'Bearer secret', 'user-agent': 'me/1' },
      },
    ]);
    expect(exchanges).toMatchObject([{ method: 'GET', status: 200, requestId: 'r-1' }]);
  });

  it('throws problem details as one class, with the members that are wrong', async () => {
    answers = [problem(422, 'InvalidObject', { errors: [{ pointer: '/spec/size', detail: 'is none' }] })];
    await expect(list()).rejects.toMatchObject({
      name: 'ApiError',
      code: 'InvalidObject',
      status: 422,
      message: 'It is so.',
      operation: 'GET /v1/controlplanes',
      requestId: 'r-9',
      errors: [{ pointer: '/spec/size', detail: 'is none' }],
    });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [502, 'Unavailable'],
    [403, 'Forbidden'],
    [418, 'NotUnderstood'],
  ])('takes an answer %i that is not Marina’s for %s', async (status, code) => {
    answers = Array.from({ length: 9 }, () => ({
      status,
      headers: { 'content-type': 'text/html' },
      body: 'proxy',
    }));
    await expect(list({ attempts: 2 })).rejects.toMatchObject({ code, status, requestId: 'r-1' });
  });

  it('asks again when the server is busy, no sooner than it said', async () => {
    answers = [
      { ...problem(429, 'TooManyRequests'), headers: { 'retry-after': '3' } },
      problem(503, 'Unavailable'),
      'hang up',
    ];
    expect(await list()).toEqual({ items: [] });
    expect(waits).toEqual([3_125, 250, 500]);
  });

  it('gives up after so many attempts', async () => {
    answers = Array.from({ length: 9 }, () => problem(503, 'Unavailable'));
    await expect(list({ attempts: 3 })).rejects.toMatchObject({ code: 'Unavailable' });
    expect(seen).toHaveLength(3);
  });

  it('sends a POST again with the same key and body', async () => {
    answers = [problem(503, 'Unavailable'), { status: 201, body: { id: 'abcdef' } }];
    const path = '/v1/namespaces/{namespace}/controlplanes/{name}/jointokens';
    const params = { path: { namespace: 'team-a', name: 'blue' } };
    const made = await dataOf(client().POST(path, { params, body: { description: 'bläu' } }));
    expect(made).toEqual({ id: 'abcdef' });
    const [first, second] = seen;
    expect(first?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(second?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(second?.body).toBe('{"description":"bläu"}');
  });

  it('waits no longer for an answer than it was told', async () => {
    answers = ['silence'];
    await expect(list({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout', status: 0 });
  });

  it('tells of a server that is not there', async () => {
    const failure: unknown = await list({ server: 'http://127.0.0.1:9', attempts: 1 }).catch(
      (error: unknown) => error,
    );
    expect(isApiError(failure, 'Unreachable')).toBe(true);
    expect(exchanges).toMatchObject([{ status: 0 }]);
  });

  it('stops when it is told to', async () => {
    answers = ['silence'];
    const stop = new AbortController();
    const asked = list({ signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toMatchObject({ code: 'Aborted' });
  });
});
