import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { CallOptions, KubeClient } from './client.ts';
import { FencedKubeClient, alwaysHeld } from './fenced-client.ts';
import { HttpKubeClient } from './http-client.ts';
import { configMaps } from './resources.ts';

const ref = { namespace: 'a', name: 'x' };

/** A client that notes what reaches it. */
function setUp(guard = alwaysHeld) {
  const calls: [string, CallOptions | undefined][] = [];
  const note =
    (verb: string, at: number) =>
    async (...given: unknown[]) =>
      void calls.push([verb, given[at] as CallOptions | undefined]);
  const client = {
    get: note('get', 2),
    list: note('list', 1),
    probe: note('probe', 1),
    create: note('create', 2),
    apply: note('apply', 2),
    patch: note('patch', 3),
    delete: note('delete', 2),
  } as unknown as KubeClient;
  return { calls, fenced: new FencedKubeClient(client, guard) };
}

async function callAll(fenced: FencedKubeClient): Promise<string[]> {
  const outcomes = await Promise.allSettled([
    fenced.get(configMaps, ref),
    fenced.list(configMaps),
    fenced.probe('/readyz'),
    fenced.create(configMaps, { metadata: ref }),
    fenced.apply(configMaps, { metadata: ref }, { fieldManager: 'f' }),
    fenced.patch(configMaps, ref, { type: 'merge', body: {} }),
    fenced.delete(configMaps, ref),
  ]);
  return outcomes.map(({ status }) => status);
}

describe('FencedKubeClient', () => {
  it('lets reads through and no write when the guard says no', async () => {
    const assertHeld = () => {
      throw new Error('not held');
    };
    const { calls, fenced } = setUp({ assertHeld });

    expect(await callAll(fenced)).toEqual([...Array(3).fill('fulfilled'), ...Array(4).fill('rejected')]);
    expect(calls.map(([verb]) => verb)).toEqual(['get', 'list', 'probe']);
  });

  it('lets everything through while it is held', async () => {
    const { calls, fenced } = setUp();
    await callAll(fenced);

    expect(calls.map(([verb]) => verb)).toEqual([
      'get',
      'list',
      'probe',
      'create',
      'apply',
      'patch',
      'delete',
    ]);
  });

  it('grants a write no more time than the guard grants', async () => {
    const { calls, fenced } = setUp({ assertHeld: () => {}, remainingMs: () => 4_000 });
    await fenced.delete(configMaps, ref, { timeoutMs: 60_000, uid: 'u' });
    await fenced.delete(configMaps, ref, { timeoutMs: 1_000 });
    await fenced.patch(configMaps, ref, { type: 'merge', body: {} });

    expect(calls.map(([, options]) => options)).toMatchObject([
      { timeoutMs: 4_000, uid: 'u' },
      { timeoutMs: 1_000 },
      { timeoutMs: 4_000 },
    ]);
  });

  it('asks again when a write that waited for its connection gets one', async () => {
    const answers: ServerResponse[] = [];
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.method);
      if (answers.push(response) > 1) response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = new HttpKubeClient({ server: `http://127.0.0.1:${port}`, maxConnections: 1 });
    let isHeld = true;
    const assertHeld = () => {
      if (!isHeld) throw new Error('not held');
    };
    const fenced = new FencedKubeClient(client, { assertHeld });
    try {
      const read = fenced.get(configMaps, ref);
      const write = fenced.patch(configMaps, ref, { type: 'merge', body: {} });
      await waitUntil('the read to arrive', async () => answers.length === 1);

      isHeld = false;
      answers[0]?.end('{}');

      await expect(write).rejects.toMatchObject({ code: 'Aborted', cause: { message: 'not held' } });
      expect(await read).toEqual({});
      expect(seen).toEqual(['GET']);
    } finally {
      await client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
