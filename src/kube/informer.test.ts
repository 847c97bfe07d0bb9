import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MisbehavingApi } from '../../test/support/misbehaving-api.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Clock } from '../engine/clock.ts';
import { silentLog, type Log } from '../engine/log.ts';
import { HttpKubeClient } from './http-client.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { configMaps, type ConfigMap } from './resources.ts';

/** Time goes twenty times faster for the informer, so that its back-offs and limits need no waiting. */
const hurried: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now() * 20,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms / 20);
    return () => clearTimeout(timer);
  },
};

describe('Informer', () => {
  let api: MisbehavingApi;
  let client: HttpKubeClient;
  let stop: AbortController;
  let running: Promise<void>[];

  beforeEach(async () => {
    api = await MisbehavingApi.start();
    client = new HttpKubeClient({ server: api.url, timeoutMs: 1_000 });
    stop = new AbortController();
    running = [];
  });

  afterEach(async () => {
    stop.abort();
    await Promise.all(running);
    await client.close();
    await api[Symbol.asyncDispose]();
  });

  function start(options: Partial<InformerOptions<ConfigMap>> = {}): Informer<ConfigMap> {
    const informer = new Informer({
      client,
      resource: configMaps,
      clock: hurried,
      log: silentLog,
      ...options,
    });
    running.push(informer.run(stop.signal));
    return informer;
  }

  async function startSynced(
    options: Partial<InformerOptions<ConfigMap>> = {},
  ): Promise<Informer<ConfigMap>> {
    const informer = start(options);
    await informer.synced();
    await waitUntil('a watch', async () => api.watches === 1);
    return informer;
  }

  const see = (informer: Informer<ConfigMap>, expected: Record<string, string | undefined>) =>
    waitUntil(`cache ${JSON.stringify(expected)}`, async () =>
      Object.entries(expected).every(([name, value]) => informer.get(`a/${name}`)?.data?.['k'] === value),
    );

  const count = (kind: 'list' | 'watch') => api.requests.filter((request) => request.kind === kind).length;

  it('lists, then follows what is added, changed and deleted', async () => {
    api.put('one', { k: '1' });
    const informer = await startSynced();

    api.put('two', { k: '2' });
    api.put('one', { k: '1b' });
    await see(informer, { one: '1b', two: '2' });
    api.remove('two');
    await see(informer, { two: undefined });

    expect(informer.size).toBe(1);
    expect(count('list')).toBe(1);
    expect(count('watch')).toBe(1);
  });

  it('asks for bookmarks and goes on from the last one', async () => {
    const informer = await startSynced();
    api.put('one', { k: '1' });
    await see(informer, { one: '1' });
    const version = api.requests.at(-1)?.url.searchParams.get('resourceVersion');
    expect(api.requests.at(-1)?.url.searchParams.get('allowWatchBookmarks')).toBe('true');

    api.bookmark();
    api.endWatches();
    await waitUntil('the next watch', async () => count('watch') === 2);

    expect(Number(api.requests.at(-1)?.url.searchParams.get('resourceVersion'))).toBe(Number(version) + 1);
    expect(count('list')).toBe(1);
  });

  it('lists in pages', async () => {
    for (let i = 0; i < 1201; i++) api.put(`o${i}`);
    const informer = await startSynced();

    expect(informer.size).toBe(1201);
    expect(count('list')).toBe(3);
  });

  it('starts the list over when its pages have expired half way', async () => {
    for (let i = 0; i < 501; i++) api.put(`o${i}`);
    api.faults.list.push('none', { status: 410, reason: 'Expired' });
    const informer = await startSynced();

    expect(informer.size).toBe(501);
    expect(api.requests.slice(0, 3).map(({ url }) => url.searchParams.get('limit'))).toEqual([
      '500',
      '500',
      null,
    ]);
  });

  it('is not synced before a list has succeeded, however often it fails', async () => {
    api.put('one', { k: '1' });
    api.faults.list.push({ status: 500 }, 'cut', { status: 503 }, 'silence', {
      status: 403,
      reason: 'Forbidden',
    });
    const informer = start();
    expect(informer.hasSynced).toBe(false);

    await informer.synced();

    expect(informer.get('a/one')?.data).toEqual({ k: '1' });
    expect(count('list')).toBe(6);
  });

  it('survives watches that fail, and misses nothing meanwhile', async () => {
    const informer = await startSynced();
    api.faults.watch.push({ status: 500 }, 'cut', { status: 429, retryAfter: 1 });

    api.endWatches('cut');
    api.put('one', { k: '1' });

    await see(informer, { one: '1' });
  });

  it('survives a server that is away for a while', async () => {
    const informer = await startSynced();
    await api.refuse();
    api.put('one', { k: '1' });
    await expect(client.probe('/readyz')).rejects.toMatchObject({ code: 'Unreachable' });

    await api.listen();

    await see(informer, { one: '1' });
  });

  it('lists again after 410 and drops what has vanished', async () => {
    api.put('stays', { k: '1' });
    api.put('goes', { k: '1' });
    const informer = await startSynced();
    const deleted: (string | undefined)[] = [];
    informer.onChange((previous, current) => {
      if (!current) deleted.push(previous?.metadata?.name);
    });
    await api.refuse();
    api.remove('goes');
    api.put('new', { k: '1' });
    api.compact();

    await api.listen();

    await see(informer, { stays: '1', goes: undefined, new: '1' });
    expect(deleted).toEqual(['goes']);
  });

  it('notices a watch that has gone silent and replaces it', async () => {
    const informer = await startSynced({ livenessMs: 2_000 });
    api.isMute = true;
    api.put('one', { k: '1' });
    await waitUntil('another watch', async () => count('watch') >= 2);

    api.isMute = false;

    await see(informer, { one: '1' });
  });

  it('puts lines together that come in pieces, and takes half a line for none', async () => {
    const informer = await startSynced();
    const version = (n: number) =>
      JSON.stringify(event('ADDED', 'piece', 500 + n, { k: '🐟'.repeat(n) })) + '\n';
    const bytes = Buffer.from(version(3));
    for (const byte of bytes) api.send(Buffer.from([byte]));
    await see(informer, { piece: '🐟🐟🐟' });

    api.send(version(4).slice(0, -20));
    api.endWatches('cut');
    await waitUntil('the next watch', async () => count('watch') === 2);

    expect(informer.get('a/piece')?.data?.['k']).toBe('🐟🐟🐟');
    expect(api.requests.at(-1)?.url.searchParams.get('resourceVersion')).toBe('503');
  });

  it('survives a line that is not JSON', async () => {
    const informer = await startSynced();
    api.send('<html>bad gateway</html>\n');
    api.put('one', { k: '1' });

    await see(informer, { one: '1' });
  });

  it('ignores an event that comes twice', async () => {
    const informer = await startSynced();
    const first = api.put('one', { k: '1' });
    api.put('one', { k: '2' });
    const told: unknown[] = [];
    await see(informer, { one: '2' });
    informer.onChange((previous, current, initial) => told.push([previous?.data, current?.data, initial]));

    api.send(first);
    api.put('two', { k: '2' });
    await see(informer, { two: '2' });

    expect(told).toEqual([
      [undefined, { k: '2' }, true],
      [undefined, { k: '2' }, false],
    ]);
    expect(count('list')).toBe(1);
  });

  it('does not bring back what was deleted when an older event of it comes late', async () => {
    const informer = await startSynced();
    const added = api.put('one', { k: '1' });
    api.remove('one');
    api.put('two', { k: '2' });
    await see(informer, { two: '2' });

    api.send(added);
    await waitUntil('a new list', async () => count('list') === 2);
    api.put('three', { k: '3' });
    await see(informer, { three: '3' });

    expect(informer.get('a/one')).toBeUndefined();
  });

  it('reads everything anew when events come out of order', async () => {
    const informer = await startSynced();
    api.isMute = true;
    const [one, two] = [api.put('one', { k: '1' }), api.put('two', { k: '2' })];
    api.isMute = false;

    api.send(two + one);

    await see(informer, { one: '1', two: '2' });
    expect(count('list')).toBe(2);
  });

  it('follows a server that was restored from a backup', async () => {
    api.put('one', { k: '1' });
    const informer = await startSynced();
    api.put('two', { k: 'lost' });
    await see(informer, { two: 'lost' });
    api.remove('two');
    api.restoreAt(50);

    api.bookmark();
    await waitUntil('a new list', async () => count('list') === 2);
    await waitUntil('a watch', async () => api.watches === 1);
    api.put('one', { k: 'again' });

    await see(informer, { one: 'again', two: undefined });
  });

  describe('told of a write by whoever made it', () => {
    const written = (name: string, version: number): ConfigMap =>
      event('', name, version, { k: `v${version}` }).object;

    it('has it at once, tells of it once, and lets the watch go on from there', async () => {
      const informer = await startSynced();
      const told: unknown[] = [];
      informer.onChange((_, current) => told.push(current?.metadata?.resourceVersion));
      informer.remember(written('one', 101));
      expect(informer.get('a/one')?.data).toEqual({ k: 'v101' });

      api.put('one', { k: 'v101' });
      api.put('one', { k: 'later' });
      await see(informer, { one: 'later' });

      expect(told).toEqual(['101', '102']);
      expect(count('list')).toBe(1);
    });

    it('leaves to the watch what the watch has passed', async () => {
      const informer = await startSynced();
      api.put('one');
      api.remove('one');
      api.put('two', { k: '2' });
      await see(informer, { two: '2' });

      informer.remember(written('one', 101));

      expect(informer.get('a/one')).toBeUndefined();
    });

    it('lets go of an object whose last write was also its end', async () => {
      const informer = await startSynced();
      informer.remember(written('one', 102));
      api.put('one', { k: '1' });
      api.remove('one');

      await see(informer, { one: undefined });
    });

    it('does not forget it for a list that was on its way', async () => {
      const informer = await startSynced();
      const gone: unknown[] = [];
      informer.onChange((_, current) => current ?? gone.push(current));
      api.faults.list.push('hold');
      api.faults.watch.push({ status: 410, reason: 'Expired' });
      api.endWatches();
      await waitUntil('a list on its way', async () => count('list') === 2);
      api.put('one', { k: '1' });
      informer.remember(written('one', 101));
      api.release();
      await waitUntil('the next watch', async () => api.watches === 1);

      expect(gone).toEqual([]);
      expect(informer.get('a/one')).toBeDefined();
    });
  });

  it('keeps going when a handler throws, and says so', async () => {
    const errors: object[] = [];
    const log: Log = { ...silentLog, error: (facts) => errors.push(facts) };
    const informer = await startSynced({ log });
    const seen: (string | undefined)[] = [];
    informer.onChange(() => {
      throw new Error('broken handler');
    });
    informer.onChange((_, current) => seen.push(current?.metadata?.name));

    api.put('one', { k: '1' });
    api.put('two', { k: '2' });
    await see(informer, { two: '2' });

    expect(seen).toEqual(['one', 'two']);
    expect(errors).toMatchObject([{ key: 'a/one' }, { key: 'a/two' }]);
  });

  it('tells a late handler what is there, and one that has left nothing', async () => {
    api.put('one', { k: '1' });
    const informer = await startSynced();
    const seen: unknown[] = [];
    const leave = informer.onChange((_, current, initial) => seen.push([current?.metadata?.name, initial]));
    leave();
    api.put('two', { k: '2' });
    await see(informer, { two: '2' });

    expect(seen).toEqual([['one', true]]);
  });

  it('hands out frozen objects without managed fields', async () => {
    api.put('one', { k: '1' });
    const informer = await startSynced();
    const object = informer.get('a/one');

    expect(object?.metadata?.managedFields).toBeUndefined();
    expect(object?.kind).toBe('ConfigMap');
    expect(() => Object.assign(object?.data ?? {}, { k: '2' })).toThrow(TypeError);
  });

  it('finds objects by index as they change', async () => {
    api.put('one', { k: 'x' });
    api.put('two', { k: 'y' });
    const informer = await startSynced({ indexes: { value: (object) => [object.data?.['k'] ?? ''] } });
    const names = (value: string) => informer.byIndex('value', value).map(({ metadata }) => metadata?.name);
    expect(names('x')).toEqual(['one']);

    api.put('one', { k: 'y' });
    api.remove('two');
    api.put('three', { k: 'x' });
    await see(informer, { three: 'x' });

    expect(names('x')).toEqual(['three']);
    expect(names('y')).toEqual(['one']);
    expect(() => informer.byIndex('none', '')).toThrow('no index none');
  });

  it('stops at once when told to, even before its first list', async () => {
    api.faults.list.push('silence');
    const informer = start();
    const synced = informer.synced(stop.signal);
    await waitUntil('the list', async () => count('list') === 1);

    stop.abort(new Error('stopped'));

    await expect(synced).rejects.toThrow('stopped');
    await Promise.all(running);
  });
});

function event(type: string, name: string, version: number, data: Record<string, string>) {
  const metadata = { namespace: 'a', name, uid: `uid-${name}`, resourceVersion: String(version) };
  return { type, object: { metadata, data } };
}
