import { describe, expect, it } from '@jest/globals';
import type { CallOptions, KubeClient } from './client.ts';
import { FencedKubeClient, alwaysHeld } from './fenced-client.ts';
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

    expect(calls.map(([, options]) => options)).toEqual([
      { timeoutMs: 4_000, uid: 'u' },
      { timeoutMs: 1_000 },
      { timeoutMs: 4_000 },
    ]);
  });
});
