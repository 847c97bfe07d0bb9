import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Fault, MisbehavingApi } from '../../test/support/misbehaving-api.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Clock } from '../engine/clock.ts';
import { silentLog } from '../engine/log.ts';
import { HttpKubeClient } from './http-client.ts';
import { Informer, type InformerOptions } from './informer.ts';
import { type ConfigMap, configMaps } from './resources.ts';

/** Time goes this much faster for the informer. */
const speed = 50;
const hurried: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now() * speed,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms / speed);
    return () => clearTimeout(timer);
  },
};

describe('Informer under faults', () => {
  let world: World;

  beforeEach(async () => {
    world = await World.begin();
  });

  afterEach(() => world.end());

  it('waits as long as a server that is too busy asks, for a list and for a watch', async () => {
    world.api.faults.list.push({ status: 429, retryAfter: 20 });
    world.api.faults.watch.push({ status: 503, retryAfter: 20 });
    const began = hurried.monotonicMs();

    await world.start().synced();
    expect(hurried.monotonicMs() - began).toBeGreaterThanOrEqual(20_000);
    await waitUntil('a watch that is answered', async () => world.api.watches === 1);

    const tookMs = hurried.monotonicMs() - began;
    expect(tookMs).toBeGreaterThanOrEqual(40_000);
    // A machine that is busy itself has watches end in silence, which are opened again.
    expect(world.api.requests.length).toBeLessThanOrEqual(Math.max(5, tookMs / 10_000));
  });

  it('does not sleep for a year because a server says so', async () => {
    world.api.faults.list.push({ status: 429, retryAfter: 31_536_000 });
    const began = hurried.monotonicMs();

    await world.start().synced();

    expect(hurried.monotonicMs() - began).toBeGreaterThanOrEqual(120_000);
  });

  it('goes on when a watch is accepted by the kernel and by nobody else', async () => {
    world.api.faults.watch.push('silence');
    const informer = await world.startSynced();

    world.api.put('one');

    await world.sees(informer);
  });

  it('keeps a watch on which only bookmarks come, and goes on from the last of them', async () => {
    const informer = await world.startSynced({ livenessMs: 5_000 });
    const until = hurried.monotonicMs() + 20_000;
    await waitUntil('four times its patience', async () => {
      world.api.bookmark();
      return hurried.monotonicMs() > until;
    });

    expect(world.count('watch')).toBe(1);
    expect(informer.hasSynced).toBe(true);
  });

  it.each([
    ['nothing', () => ''],
    ['the same bookmark', () => bookmark(100)],
    ['the same event', () => event('ADDED', 100)],
    ['a newer bookmark each time', newer((version) => bookmark(version))],
    ['a newer event each time', newer((version) => event('MODIFIED', version))],
    ['an event out of order', () => event('MODIFIED', 500) + event('MODIFIED', 400)],
    ['an error', () => `${JSON.stringify({ type: 'ERROR', object: { code: 500 } })}\n`],
    ['half an event', () => event('ADDED', 700).slice(0, -30)],
    ['half an event as a line', () => `${event('ADDED', 700).slice(0, -30)}\n`],
  ])('does not run hot when every watch ends at once after %s', async (_, parting) => {
    const informer = world.start();
    await informer.synced();
    Object.defineProperty(world.api, 'parting', { get: parting });
    const before = world.api.requests.length;
    const until = hurried.monotonicMs() + 60_000;
    await waitUntil('a minute', async () => hurried.monotonicMs() > until);

    // Up to 2 seconds apart when something new comes each time, and 10 when not; the latter read the list, too.
    expect(world.api.requests.length - before).toBeLessThanOrEqual(50);
    expect(world.api.requests.length - before).toBeGreaterThanOrEqual(5);
  });

  it('tells of an object that was made anew while nobody looked, once, as what it is now', async () => {
    world.api.put('one', { k: 'first' });
    const informer = await world.startSynced();
    const told: unknown[] = [];
    informer.onChange((previous, current, initial) => {
      if (!initial) told.push([previous?.metadata?.uid, current?.metadata?.uid]);
    });
    await world.api.refuse();
    world.api.remove('one');
    world.api.put('one', { k: 'second' });
    world.api.compact();

    await world.api.listen();
    await world.sees(informer);

    expect(told).toEqual([['uid-one-101', 'uid-one-103']]);
  });

  it('follows one that is deleted and made again under its eyes', async () => {
    world.api.put('one');
    const informer = await world.startSynced();
    const told: unknown[] = [];
    informer.onChange((previous, current, initial) => {
      if (!initial) told.push([previous?.metadata?.uid, current?.metadata?.uid]);
    });
    const deleted = world.api.remove('one');
    world.api.put('one');
    world.api.send(deleted);
    world.api.put('two');
    await world.sees(informer);

    expect(told.slice(0, 2)).toEqual([
      ['uid-one-101', undefined],
      [undefined, 'uid-one-103'],
    ]);
    expect(informer.get('a/one')?.metadata?.uid).toBe('uid-one-103');
  });
});

const names = fc.constantFrom('a', 'b', 'c');
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault>(
  { status: 500 },
  { status: 410, reason: 'Expired' },
  { status: 429, retryAfter: 1 },
  { status: 503 },
  'cut',
  'silence',
);
type Disturbance =
  'end' | 'cut' | 'compact' | 'bookmark' | 'mute' | 'unmute' | 'refuse' | 'listen' | 'garbage';
type Step =
  | { readonly do: 'put' | 'remove'; readonly name: string }
  | { readonly do: 'fault'; readonly of: 'list' | 'watch'; readonly fault: Fault }
  | { readonly do: 'repeat'; readonly back: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: Disturbance };
const disturbances: readonly Disturbance[] = [
  'end',
  'cut',
  'compact',
  'bookmark',
  'mute',
  'unmute',
  'refuse',
  'listen',
  'garbage',
];
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('put' as const), name: names }),
  fc.record({ do: fc.constant('remove' as const), name: names }),
  fc.record({
    do: fc.constant('fault' as const),
    of: fc.constantFrom('list' as const, 'watch' as const),
    fault,
  }),
  fc.record({ do: fc.constantFrom(...disturbances) }),
  fc.record({ do: fc.constant('repeat' as const), back: fc.nat({ max: 5 }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 50, max: 2_000 }) }),
);

describe('Informer, whatever happens', () => {
  it('ends with what the server has, and has told every handler of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const world = await World.begin();
        try {
          const informer = world.start({ livenessMs: 5_000 });
          const told = new Map<string, string | undefined>();
          informer.onChange((previous, current) => {
            const name = (current ?? previous)?.metadata?.name ?? '';
            if (current) told.set(name, current.metadata?.resourceVersion);
            else told.delete(name);
          });
          for (const one of steps) await world.play(one);
          await world.heal();

          await world.sees(informer);
          expect(Object.fromEntries(told)).toEqual(world.api.versions);
        } finally {
          await world.end();
        }
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

/** A server, a client and the informers on it. */
class World {
  readonly api: MisbehavingApi;
  private readonly client: HttpKubeClient;
  private readonly stop = new AbortController();
  private readonly running: Promise<void>[] = [];
  private readonly lines: string[] = [];
  private isAway = false;

  private constructor(api: MisbehavingApi) {
    this.api = api;
    this.client = new HttpKubeClient({ server: api.url, timeoutMs: 150 });
  }

  static async begin(): Promise<World> {
    return new World(await MisbehavingApi.start());
  }

  start(options: Partial<InformerOptions<ConfigMap>> = {}): Informer<ConfigMap> {
    const settings = { client: this.client, resource: configMaps, clock: hurried, log: silentLog };
    const informer = new Informer<ConfigMap>({ ...settings, ...options });
    this.running.push(informer.run(this.stop.signal));
    return informer;
  }

  async startSynced(options: Partial<InformerOptions<ConfigMap>> = {}): Promise<Informer<ConfigMap>> {
    const informer = this.start(options);
    await informer.synced();
    await waitUntil('a watch', async () => this.count('watch') > 0);
    return informer;
  }

  count(kind: 'list' | 'watch'): number {
    return this.api.requests.filter((request) => request.kind === kind).length;
  }

  /** Resolves when the cache is what a list would say. */
  async sees(informer: Informer<ConfigMap>): Promise<void> {
    const versions = () =>
      Object.fromEntries(informer.list().map(({ metadata }) => [metadata?.name, metadata?.resourceVersion]));
    const sorted = (by: Readonly<Record<string, string | undefined>>) =>
      JSON.stringify(Object.entries(by).sort());
    await waitUntil(
      `the cache is ${JSON.stringify(this.api.versions)}`,
      async () => informer.hasSynced && sorted(versions()) === sorted(this.api.versions),
      10_000,
    );
  }

  async play(one: Step): Promise<void> {
    const { api } = this;
    if (one.do === 'put') this.lines.push(api.put(one.name));
    else if (one.do === 'remove') this.remove(one.name);
    else if (one.do === 'fault') api.faults[one.of].push(one.fault);
    else if (one.do === 'repeat') api.send(this.lines.at(-1 - one.back) ?? '');
    else if (one.do === 'wait') await new Promise<void>((resolve) => hurried.after(one.ms, resolve));
    else await this.disturb(one.do);
  }

  /** All is well from here on; a stream that left something out has ended. */
  async heal(): Promise<void> {
    this.api.faults.list.length = 0;
    this.api.faults.watch.length = 0;
    await this.disturb('listen');
    await this.disturb('unmute');
    this.api.put('last');
  }

  async end(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.running);
    await this.client.close();
    if (!this.isAway) await this.api[Symbol.asyncDispose]();
  }

  private remove(name: string): void {
    if (this.api.versions[name] !== undefined) this.lines.push(this.api.remove(name));
  }

  private async disturb(how: Disturbance): Promise<void> {
    const { api } = this;
    if (how === 'end' || how === 'cut') api.endWatches(how);
    if (how === 'compact') api.compact();
    if (how === 'bookmark') api.bookmark();
    if (how === 'garbage') api.send('{"type":"ADDED","object":{"metadata"\n');
    if (how === 'mute') api.isMute = true;
    if (how === 'unmute' && api.isMute) {
      api.isMute = false;
      api.endWatches('cut');
    }
    if (how === 'refuse' && !this.isAway) {
      this.isAway = true;
      await api.refuse();
    }
    if (how === 'listen' && this.isAway) {
      this.isAway = false;
      await api.listen();
    }
  }
}

function bookmark(version: number): string {
  return `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })}\n`;
}

function event(type: string, version: number): string {
  const metadata = { namespace: 'a', name: 'one', uid: 'uid-one', resourceVersion: String(version) };
  return `${JSON.stringify({ type, object: { metadata } })}\n`;
}

/** Of a version that goes up with each use. */
function newer(line: (version: number) => string): () => string {
  let version = 1_000;
  return () => line(version++);
}
