import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { aTenant } from '../../test/support/tenant.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { ChangeHandler } from '../kube/informer.ts';
import { Departures } from './departures.ts';

function aCache() {
  let tell: ChangeHandler<TenantControlPlane> = () => {};
  const onChange = (handler: ChangeHandler<TenantControlPlane>) => {
    tell = handler;
    return () => {};
  };
  const clock = new ManualClock();
  const change = (previous?: TenantControlPlane, current?: TenantControlPlane) =>
    tell(previous, current, false);
  return { clock, change, departures: new Departures({ onChange }, clock) };
}

const bornMs = Date.parse('2026-11-21T08:00:05Z');
const uid = '00000000-0000-0000-0000-000000000001';

function aBornTenant(metadata: Partial<NonNullable<TenantControlPlane['metadata']>> = {}) {
  const timeline = [
    { step: 'EndpointAssigned' as const, time: new Date(bornMs).toISOString(), milliseconds: 0 },
  ];
  return { ...aTenant({}, metadata), status: { timeline } };
}

describe('control planes that are gone', () => {
  it('are remembered with the time at which their deletion was asked for', () => {
    const { change, departures } = aCache();

    change(aBornTenant({ deletionTimestamp: '2026-11-21T09:00:00Z' }), undefined);

    const deletedMs = Date.parse('2026-11-21T09:00:00Z');
    expect(departures.list()).toEqual([
      {
        subject: expect.objectContaining({ name: 'demo', bornMs, deletedMs }),
        existence: { bornMs, deletedMs, isStopped: false, className: '', size: '' },
      },
    ]);
  });

  it('are those in whose place another one of the same name is, too', () => {
    const { change, clock, departures } = aCache();

    change(aBornTenant(), aBornTenant({ uid }));
    change(aBornTenant({ uid }), aBornTenant({ uid, generation: 2 }));

    expect(departures.list().map(({ subject }) => [subject.uid, subject.deletedMs])).toEqual([
      [aTenant().metadata?.uid, clock.now().getTime()],
    ]);
  });

  it('are none of which nothing was made', () => {
    const { change, departures } = aCache();

    change(aTenant(), undefined);

    expect(departures.list()).toEqual([]);
  });

  it('are forgotten when they must have been counted', async () => {
    const { change, clock, departures } = aCache();
    change(aBornTenant(), undefined);
    await clock.advance(1_800_000);
    change(aBornTenant({ uid }), undefined);

    await clock.advance(1_800_000);

    expect(departures.list().map(({ subject }) => subject.uid)).toEqual([uid]);
  });
});
