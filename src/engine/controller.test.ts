import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { ManualClock, settle } from '../../test/support/manual-clock.ts';
import { KubeError } from '../kube/errors.ts';
import type { ChangeHandler, Source } from '../kube/informer.ts';
import { systemClock } from './clock.ts';
import { Controller, type ControllerOptions, type Reconcile } from './controller.ts';
import { silentLog, type Log } from './log.ts';
import { EngineMetrics } from './metrics.ts';
import { TerminalError, done, requeueAfter } from './result.ts';

interface Thing {
  readonly name: string;
  readonly owner?: string;
}

/** A source whose changes are made by the test. */
class Things implements Source<Thing> {
  readonly things = new Map<string, Thing>();
  private readonly handlers = new Set<ChangeHandler<Thing>>();

  onChange(handler: ChangeHandler<Thing>): () => void {
    for (const thing of this.things.values()) handler(undefined, thing, true);
    this.handlers.add(handler);
    return () => this.handlers.delete(handler);
  }

  change(name: string, current: Thing | undefined): void {
    const previous = this.things.get(name);
    if (current) this.things.set(name, current);
    else this.things.delete(name);
    for (const handler of this.handlers) handler(previous, current, false);
  }
}

function start(reconcile: Reconcile, options: Partial<ControllerOptions> = {}, source = new Things()) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const settings = { name: 'things', clock, log: silentLog, random: () => 0, ...options };
  const controller = new Controller({ ...settings, reconcile }).watches(source, ({ name, owner }) => [
    owner ?? name,
  ]);
  const running = controller.run(stop.signal);
  return { clock, stop, controller, source, running };
}

describe('Controller', () => {
  it('starts with everything that is there and follows changes, by the keys before and after', async () => {
    const source = new Things();
    source.things.set('a', { name: 'a' });
    const keys: string[] = [];
    const { stop, running } = start(async (key) => (keys.push(key), done), {}, source);
    await settle();

    source.change('b', { name: 'b', owner: 'x' });
    await settle();
    source.change('b', { name: 'b', owner: 'y' });
    await settle();
    source.change('b', undefined);
    await settle();
    stop.abort();
    await running;

    expect(keys).toEqual(['a', 'x', 'x', 'y', 'y']);
  });

  it('leaves out changes that do not matter, but never what was there', async () => {
    const source = new Things();
    source.things.set('a', { name: 'a' });
    const keys: string[] = [];
    const stop = new AbortController();
    const options = { name: 'things', clock: new ManualClock(), log: silentLog };
    const controller = new Controller({ ...options, reconcile: async (key) => (keys.push(key), done) });
    controller.watches(source, ({ name }) => [name], { when: (previous) => previous === undefined });
    const running = controller.run(stop.signal);

    source.change('a', { name: 'a' });
    source.change('b', { name: 'b' });
    await settle();
    stop.abort();
    await running;

    expect(keys).toEqual(['a', 'b']);
  });

  it('tries again later and later when a reconcile fails, and from the start after a success', async () => {
    const times: number[] = [];
    let failures = 3;
    const { clock, controller, stop, running } = start(async () => {
      times.push(clock.monotonicMs());
      if (failures-- > 0) throw new Error('no luck');
      return done;
    });
    controller.enqueue('a');
    await clock.advance(10_000);
    failures = 1;
    controller.enqueue('a');
    await clock.advance(10_000);
    stop.abort();
    await running;

    expect(times).toEqual([0, 100, 300, 700, 10_000, 10_100]);
  });

  it('sees what changed during a reconcile that fails at once, and not only after the back-off', async () => {
    const times: number[] = [];
    const { clock, controller, source, stop, running } = start(async () => {
      times.push(clock.monotonicMs());
      await new Promise<void>((resolve) => clock.after(10, resolve));
      throw new Error('no luck');
    });
    controller.enqueue('a');
    await clock.advance(5);
    source.change('a', { name: 'a' });
    await clock.advance(10);
    stop.abort();
    await clock.advance(10);
    await running;

    expect(times).toEqual([0, 10]);
  });

  it('lets timers have their turn when keys come back at once, again and again, without any I/O', async () => {
    let runs = 0;
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const { stop, controller, running } = start(
      async () => {
        runs += 1;
        // Would go on for ever if nothing else ever ran.
        if (turns >= 3 || runs >= 50_000) stop.abort();
        return requeueAfter(0, 'again');
      },
      { clock: systemClock },
    );
    controller.enqueue('a');
    await running;
    clearInterval(timer);

    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it('waits as long as the API server asks', async () => {
    const times: number[] = [];
    const { clock, controller, stop, running } = start(async () => {
      times.push(clock.monotonicMs());
      if (times.length > 1) return done;
      throw new KubeError({ code: 'TooManyRequests', operation: 'x', message: 'x', retryAfterMs: 7_000 });
    });
    controller.enqueue('a');
    await clock.advance(10_000);
    stop.abort();
    await running;

    expect(times).toEqual([0, 7_000]);
  });

  it('leaves a terminal failure alone until something changes', async () => {
    let runs = 0;
    const { clock, controller, source, stop, running } = start(async () => {
      runs += 1;
      throw new TerminalError('hopeless');
    });
    controller.enqueue('a');
    await clock.advance(600_000);
    expect(runs).toBe(1);

    source.change('a', { name: 'a' });
    await clock.advance(0);
    stop.abort();
    await running;

    expect(runs).toBe(2);
  });

  it('comes back when asked to, without calling it a failure', async () => {
    const times: number[] = [];
    const warnings: string[] = [];
    const log: Log = { ...silentLog, warn: (_, message) => warnings.push(message), child: () => log };
    const reconcile: Reconcile = async () => (
      times.push(clock.monotonicMs()),
      requeueAfter(1_000, 'starting')
    );
    const { clock, controller, stop, running } = start(reconcile, { log });
    controller.enqueue('a');
    await clock.advance(2_500);
    stop.abort();
    await running;

    expect(times).toEqual([0, 1_000, 2_000]);
    expect(warnings).toEqual([]);
  });

  it('works on as many keys at once as it has workers', async () => {
    let atWork = 0;
    let most = 0;
    const { clock, controller, stop, running } = start(
      async () => {
        most = Math.max(most, ++atWork);
        await new Promise<void>((resolve) => clock.after(100, resolve));
        atWork -= 1;
        return done;
      },
      { workers: 3 },
    );
    for (let i = 0; i < 10; i++) controller.enqueue(`key-${i}`);
    await clock.advance(1_000);
    stop.abort();
    await running;

    expect(most).toBe(3);
  });

  it('tells a reconcile that takes too long', async () => {
    let reason: unknown;
    const reconcile: Reconcile = (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          resolve(done);
        });
      });
    const { clock, controller, stop, running } = start(reconcile, { timeoutMs: 1_000 });
    controller.enqueue('a');
    await clock.advance(1_000);
    stop.abort();
    await running;

    expect(reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('ends when the work in hand has ended, and can run again from everything', async () => {
    const source = new Things();
    source.things.set('a', { name: 'a' });
    source.things.set('b', { name: 'b' });
    const ends: (() => void)[] = [];
    const seen: [string, boolean][] = [];
    const reconcile: Reconcile = async (key, { signal }) => {
      await new Promise<void>((resolve) => ends.push(resolve));
      seen.push([key, signal.aborted]);
      return done;
    };
    const { controller, stop, running } = start(reconcile, { workers: 1 }, source);
    let isOver = false;
    void running.then(() => (isOver = true));
    await settle();
    stop.abort();
    await settle();
    expect(isOver).toBe(false);
    ends.shift()?.();
    await running;
    expect(seen).toEqual([['a', true]]);

    const again = new AbortController();
    const second = controller.run(again.signal);
    await settle();
    ends.shift()?.();
    await settle();
    again.abort();
    ends.shift()?.();
    await second;

    expect(seen.map(([key]) => key)).toEqual(['a', 'a', 'b']);
  });

  it("speaks in controller-runtime's metrics", async () => {
    const registry = new Registry();
    const metrics = new EngineMetrics(registry);
    const { clock, controller, stop, running } = start(
      async (key) => {
        if (key === 'bad') throw new Error('no luck');
        return done;
      },
      { metrics },
    );
    controller.enqueue('good');
    controller.enqueue('bad');
    await clock.advance(50);
    const text = await registry.metrics();
    stop.abort();
    await running;

    expect(text).toContain('controller_runtime_reconcile_total{controller="things",result="success"} 1');
    expect(text).toContain('controller_runtime_reconcile_total{controller="things",result="error"} 1');
    expect(text).toContain('controller_runtime_reconcile_errors_total{controller="things"} 1');
    expect(text).toContain('controller_runtime_active_workers{controller="things"} 0');
    expect(text).toContain('workqueue_retries_total{name="things"} 1');
    expect(text).toContain('workqueue_delayed{name="things"} 1');
    expect(text).toContain('workqueue_depth{name="things"} 0');
  });
});
