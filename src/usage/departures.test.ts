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

describe('control planes that are gone', () => {
  it('are remembered with the time at which their deletion was asked for', () => {
    const { change, departures } = aCache();
    const deletionTimestamp = '2026-11-21T09:00:00Z';

    change(aTenant({}, { deletionTimestamp }), undefined);

    expect(departures.list()).toEqual([aTenant({}, { deletionTimestamp })]);
  });

  it('are those in whose place another one of the same name is, too', () => {
    const { change, clock, departures } = aCache();
    const uid = '00000000-0000-0000-0000-000000000001';

    change(aTenant(), aTenant({}, { uid }));
    change(aTenant({}, { uid }), aTenant({}, { uid, generation: 2 }));

    expect(departures.list().map(({ metadata }) => [metadata?.uid, metadata?.deletionTimestamp])).toEqual([
      [
        aTenant().metadata?.uid,
        clock
          .now()
          .toISOString()
          .replace(/\.\d+Z$/, 'Z'),
      ],
    ]);
  });

  it('are forgotten when they must have been counted', async () => {
    const { change, clock, departures } = aCache();
    change(aTenant(), undefined);
    await clock.advance(3_600_000);

    change(aTenant({}, { uid: '00000000-0000-0000-0000-000000000001' }), undefined);

    expect(departures.list()).toHaveLength(1);
  });
});
