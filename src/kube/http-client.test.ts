import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpKubeClient } from './http-client.ts';
import type { RequestRecord } from './http-transport.ts';
import { inCluster } from './in-cluster.ts';
import { connect } from './kubeconfig.ts';
import { configMaps } from './resources.ts';

const ref = { namespace: 'a', name: 'x' };

describe('HttpKubeClient', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let client: HttpKubeClient;
  let url: string;
  const server = createServer((request, response) => answer(request, response));
  const seen: RequestRecord[] = [];

  beforeEach(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    client = new HttpKubeClient({ server: url, onRequest: (request) => seen.push(request) });
    seen.length = 0;
  });

  afterEach(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function say(status: number, body: unknown, headers: Record<string, string> = {}): void {
    answer = (_, response) => {
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    };
  }

  it('sends text that YAML has no characters for, or breaks lines at, as JSON escapes', async () => {
    const object = { metadata: ref, data: { text: 'a\u0080b\u2028c\u0085d\ufeffe\u{1f600}ü' } };
    let body = '';
    answer = (request, response) => {
      request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
      request.on('end', () => response.end('{}'));
    };

    await client.apply(configMaps, object, { fieldManager: 'test' });

    expect(body).toContain(String.raw`a\u0080b\u2028c\u0085d\ufeffe😀ü`);
    expect(JSON.parse(body)).toMatchObject(object);
  });

  it('cannot reach a server whose name no URL can hold', async () => {
    await expect(connect({ server: 'https://1.2.3.400:6443' })).rejects.toMatchObject({
      code: 'Unreachable',
    });
  });

  it.each([
    [409, { kind: 'Status', reason: 'AlreadyExists' }, {}, { code: 'AlreadyExists', status: 409 }],
    [409, { kind: 'Status', reason: 'Conflict' }, {}, { code: 'Conflict' }],
    [410, { kind: 'Status', reason: 'Expired' }, {}, { code: 'Expired' }],
    [410, { kind: 'Status', reason: 'Gone' }, {}, { code: 'Expired' }],
    [
      429,
      { kind: 'Status', reason: 'TooManyRequests' },
      { 'retry-after': '3' },
      { code: 'TooManyRequests', retryAfterMs: 3000 },
    ],
    [
      503,
      'apiserver is shutting down',
      { 'retry-after': '1' },
      { code: 'ServiceUnavailable', retryAfterMs: 1000 },
    ],
    [
      500,
      { kind: 'Status', reason: 'ServerTimeout', details: { retryAfterSeconds: 2 } },
      {},
      { code: 'Timeout', retryAfterMs: 2000 },
    ],
    [502, '<html>bad gateway</html>', {}, { code: 'ServiceUnavailable', status: 502 }],
    [418, '', {}, { code: 'Unknown', status: 418 }],
    [200, '<html>', {}, { code: 'Unknown' }],
  ])('makes an error of status %i with %j', async (status, body, headers, expected) => {
    say(status, body, headers);

    await expect(client.get(configMaps, ref)).rejects.toMatchObject({
      ...expected,
      operation: 'get ConfigMap a/x',
    });
  });

  it('passes on which fields were refused', async () => {
    const causes = [{ reason: 'FieldValueInvalid', field: 'spec.replicas', message: 'must be at least 1' }];
    say(422, { kind: 'Status', reason: 'Invalid', message: 'is invalid', details: { name: 'x', causes } });

    await expect(client.patch(configMaps, ref, { type: 'merge', body: {} })).rejects.toMatchObject({
      code: 'Invalid',
      message: 'patch ConfigMap a/x: is invalid',
      causes: [{ field: 'spec.replicas', message: 'must be at least 1' }],
    });
  });

  it('tells a missing object from a resource that the server does not know', async () => {
    say(404, { kind: 'Status', reason: 'NotFound', details: { name: 'x', kind: 'configmaps' } });
    expect(await client.get(configMaps, ref)).toBeUndefined();

    say(404, '404 page not found');
    await expect(client.get(configMaps, ref)).rejects.toMatchObject({ code: 'NotFound' });
    expect(await client.delete(configMaps, ref)).toBe(false);
  });

  it('gives up after the timeout of the call', async () => {
    answer = () => {};

    await expect(client.get(configMaps, ref, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout' });
    expect(seen).toMatchObject([{ verb: 'get', resource: 'configmaps', status: 0 }]);
  });

  it('gives up when a body does not end', async () => {
    answer = (_, response) => void response.writeHead(200).write('{');

    await expect(client.get(configMaps, ref, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout' });
  });

  it('gives up in time when a server takes the connection and says nothing', async () => {
    const sockets: Socket[] = [];
    const hung = createTcpServer((socket) => sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
    const mute = new HttpKubeClient({ server: `https://127.0.0.1:${(hung.address() as AddressInfo).port}` });
    const started = performance.now();

    await expect(mute.get(configMaps, ref, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'Timeout' });
    expect(performance.now() - started).toBeLessThan(2_500);
    for (const socket of sockets) socket.destroy();
    await mute.close();
    await new Promise((resolve) => hung.close(resolve));
  });

  it('gives up when the caller does', async () => {
    answer = () => stop.abort();
    const stop = new AbortController();

    await expect(client.get(configMaps, ref, { signal: stop.signal })).rejects.toMatchObject({
      code: 'Aborted',
    });
    await expect(client.get(configMaps, ref, { signal: stop.signal })).rejects.toMatchObject({
      code: 'Aborted',
    });
  });

  it('reports each request', async () => {
    say(200, { metadata: {} });
    await client.apply(configMaps, { metadata: ref }, { fieldManager: 'f', subresource: 'status' });

    expect(seen).toEqual([
      { verb: 'apply', resource: 'configmaps/status', status: 200, ms: expect.any(Number) },
    ]);
  });

  it('ends the request when a watch is left in the middle', async () => {
    const closed = Promise.withResolvers<void>();
    answer = (request, response) => {
      request.socket.on('close', () => closed.resolve());
      response.write('{"type":"BOOKMARK","object":{}}\n');
    };
    const options = { resourceVersion: '1', timeoutSeconds: 60, signal: new AbortController().signal };

    for await (const event of client.watch(configMaps, options)) {
      expect(event.type).toBe('BOOKMARK');
      break;
    }

    await closed.promise;
  });

  it('reuses a connection, and keeps no more of them than it may', async () => {
    const sockets = new Set<unknown>();
    answer = (request, response) => {
      sockets.add(request.socket);
      setImmediate(() => response.end('{}'));
    };
    const few = new HttpKubeClient({ server: url, maxConnections: 3 });
    await Promise.all(Array.from({ length: 30 }, () => few.get(configMaps, ref)));
    await few.close();

    expect(sockets.size).toBe(3);
  });

  it('sends the token that a pod has mounted', async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'marina-in-cluster-'));
    try {
      await writeFile(path.join(directory, 'token'), 'secret\n');
      await writeFile(path.join(directory, 'ca.crt'), 'CA');
      const options = await inCluster(
        { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' },
        directory,
      );

      expect(options.server).toBe('https://[fd00::1]:443');
      expect(await options.authenticate?.()).toEqual({ authorization: 'Bearer secret' });
      await expect(inCluster({}, directory)).rejects.toThrow('not in a cluster');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('sends the token of a kubeconfig, from the context that it is told', async () => {
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'none',
      contexts: [{ name: 'c', context: { cluster: 'one', user: 'u' } }],
      clusters: [{ name: 'one', cluster: { server: url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'secret' } }],
    };
    const authorization = Promise.withResolvers<string | undefined>();
    answer = (request, response) => {
      authorization.resolve(request.headers.authorization);
      response.end('ok');
    };
    const other = await connect({ kubeconfig: JSON.stringify(kubeconfig), context: 'c' });

    expect(await other.probe('/readyz')).toEqual({ status: 200, body: 'ok' });
    await other.close();
    expect(await authorization.promise).toBe('Bearer secret');
    await expect(connect({ kubeconfig: JSON.stringify(kubeconfig) })).rejects.toThrow(
      'context none names no cluster',
    );
  });
});
