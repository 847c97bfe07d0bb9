import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { silentLog } from '../../engine/log.ts';
import type { ChangeHandler } from '../../kube/informer.ts';
import type { KubeObject } from '../../kube/resource.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import { finalizer, tenantLabels, tenantNames } from '../names.ts';
import { OrphanWatch } from './watch.ts';

const living = aTenant({}, { name: 'living', uid: '0e1f8a52-7f43-4a1c-8a0e-6d9c7b5a4f31' });
const lost = aTenant({}, { name: 'lost', uid: '7c2d4b8e-91a5-4f6b-b3d0-2e8f1a6c5d49' });

describe('the watch for orphans', () => {
  it('tells of what is left of a tenant that is gone, and of nothing else', async () => {
    const world = new World([living], [rootsOf(living), rootsOf(lost)]);
    await using _ = world.start();

    await world.clock.advance(30_000);

    expect(world.told).toEqual([`Secret ${tenantNames(lost, 'x').roots}: team-a/lost`]);
    expect(world.reported).toBe(1);
  });

  it('keeps quiet of what is on its way out, or ahead of its tenant in the caches', async () => {
    const world = new World([], [rootsOf(living), rootsOf(lost)]);
    await using _ = world.start();

    await world.clock.advance(29_000);
    world.tenants = [living];
    world.owned = [rootsOf(living)];
    await world.clock.advance(1_000);

    expect(world.told).toEqual([]);
    expect(world.reported).toBe(0);
  });

  it('looks at once when a tenant vanishes, and again every hour while there is something', async () => {
    const world = new World([living, lost], [rootsOf(living), rootsOf(lost)]);
    await using _ = world.start();
    await world.clock.advance(60_000);
    expect(world.told).toEqual([]);

    world.vanish(lost);
    await world.clock.advance(30_000);
    expect(world.told).toHaveLength(1);

    await world.clock.advance(3_600_000 + 30_000);
    expect(world.told).toHaveLength(2);
  });

  it.each([
    ['a deletion that is under way', [finalizer], 0],
    ['one that somebody else’s finalizer keeps after Marina’s was taken off', ['example.com/hold'], 1],
  ])('knows %s', async (_what, finalizers, expected) => {
    const { metadata } = lost;
    const leaving = {
      ...lost,
      metadata: { ...metadata, finalizers, deletionTimestamp: '2026-11-21T09:00:00Z' },
    };
    const world = new World([leaving], [rootsOf(lost)]);
    await using _ = world.start();

    await world.clock.advance(30_000);

    expect(world.told).toHaveLength(expected);
  });
});

function rootsOf(tenant: TenantControlPlane): Secret {
  const { roots: name } = tenantNames(tenant, 'marina-tenants');
  return {
    metadata: {
      name,
      namespace: 'marina-tenants',
      uid: `uid-of-${name}`,
      labels: tenantLabels(tenant, 'roots'),
    },
  };
}

/** Caches that say what the test says. */
class World {
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  reported: number | undefined;
  tenants: TenantControlPlane[];
  owned: Secret[];
  private readonly handlers = new Set<ChangeHandler<TenantControlPlane>>();

  constructor(tenants: TenantControlPlane[], owned: Secret[]) {
    this.tenants = tenants;
    this.owned = owned;
  }

  vanish(tenant: TenantControlPlane): void {
    this.tenants = this.tenants.filter((each) => each !== tenant);
    for (const handler of this.handlers) handler(tenant, undefined, false);
  }

  start(): AsyncDisposable {
    const watch = new OrphanWatch({
      tenants: {
        list: () => this.tenants,
        onChange: (handler) => {
          this.handlers.add(handler);
          return () => this.handlers.delete(handler);
        },
      },
      owned: [{ resource: secrets, list: () => this.owned }],
      events: { record: (object, _type, _reason, message) => this.hear(object, message) },
      clock: this.clock,
      log: silentLog,
      report: (objects) => (this.reported = objects),
    });
    const stopping = new AbortController();
    const finished = watch.run(stopping.signal);
    return {
      [Symbol.asyncDispose]: async () => {
        stopping.abort();
        await finished;
      },
    };
  }

  private hear(object: KubeObject, message: string): void {
    const tenant = /^TenantControlPlane (\S+) is gone/.exec(message)?.[1];
    this.told.push(`${object.kind} ${object.metadata?.name}: ${tenant}`);
  }
}
