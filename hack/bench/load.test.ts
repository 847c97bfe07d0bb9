import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openLoad, summarizeLoad } from './load.ts';

const servers: http.Server[] = [];

/** Takes 100 ms for each answer, of this status; knows how many requests there were at the same time. */
async function startServer(status: number) {
  const seen = { requests: 0, mostAtOnce: 0 };
  let atOnce = 0;
  const server = http.createServer((request, response) => {
    if (request.url === '/version') return void response.end('{}');
    seen.requests += 1;
    atOnce += 1;
    seen.mostAtOnce = Math.max(seen.mostAtOnce, atOnce);
    setTimeout(() => {
      atOnce -= 1;
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
    }, 100);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true };
  const kubeconfig = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'a', cluster }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    users: [{ name: 'a', user: {} }],
    'current-context': 'a',
  });
  return { kubeconfig, seen };
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

describe('a load', () => {
  it('has as many requests in flight as it may, and no more', async () => {
    const { kubeconfig, seen } = await startServer(201);
    await using load = await openLoad(kubeconfig);

    const outcome = await load.run({ operation: 'create', width: 4, durationMs: 200 });

    expect(seen.mostAtOnce).toBe(4);
    expect(outcome.good).toHaveLength(seen.requests);
    expect(outcome.failures).toEqual([]);
    expect(outcome.elapsedMs).toBeGreaterThanOrEqual(200);
  });

  it('counts what fails, and goes easy on a server that refuses', async () => {
    const { kubeconfig, seen } = await startServer(500);
    await using load = await openLoad(kubeconfig);

    const outcome = await load.run({ operation: 'update', width: 2, durationMs: 300 });

    expect(outcome.good).toEqual([]);
    expect(outcome.failures).toHaveLength(seen.requests);
    // Two at a time, and 100 ms of rest after each answer.
    expect(seen.requests).toBeLessThanOrEqual(4);
  });
});

describe('summarizeLoad', () => {
  it('counts good answers by the time of all loads, and takes times from good ones', () => {
    const outcomes = [
      { good: [10, 20], failures: [], elapsedMs: 1000 },
      { good: [30, 40], failures: ['timeout'], elapsedMs: 3000 },
    ];

    expect(summarizeLoad(outcomes)).toEqual({
      requests: 5,
      failed: 1,
      perSecond: 1,
      p50Ms: 20,
      p99Ms: 40,
      maxMs: 40,
      failures: ['timeout'],
    });
  });
});
