import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../test/support/tenant.ts';
import type { Admitted } from '../api/v1alpha1/class-in-force.ts';
import type {
  TenantControlPlane,
  TenantControlPlaneStatus,
  TimelineStep,
} from '../api/v1alpha1/tenant-control-plane.ts';
import type { Pod } from '../kube/resources.ts';
import { offerOf, toExistence, toSubject } from './subjects.ts';

const admitted: Admitted = {
  version: 'v1.36.3',
  replicas: 2,
  serviceType: 'LoadBalancer',
  className: 'gold',
  size: 'small',
};
const gold = {
  name: 'gold',
  settings: { sizes: { default: 'medium' } },
} as unknown as TenantControlPlaneStatus['class'];

function aTenantOf(
  spec: Parameters<typeof aTenant>[0],
  status: Partial<TenantControlPlaneStatus> = {},
): TenantControlPlane {
  return { ...aTenant(spec), status };
}

function stoppedAs(replicas: number): Parameters<typeof aTenant>[0] {
  return { controlPlane: { deployment: { replicas } } };
}

function isStopped(tenant: TenantControlPlane, pods: readonly Pod[] = []): boolean {
  return toExistence(tenant, { uid: 'u', namespace: 'team-a', name: 'demo', bornMs: 0 }, pods).isStopped;
}

describe('a control plane', () => {
  const at = (step: TimelineStep, time: string) => ({ step, time, milliseconds: 0 });

  it('is counted from when something is made for it, and not while it is held back', () => {
    const accepted = at('Accepted', '2026-11-21T08:00:00Z');
    const held = aTenantOf({}, { phase: 'Pending', timeline: [accepted] });
    const born = aTenantOf(
      {},
      {
        timeline: [
          accepted,
          at('PartitionReady', '2026-11-21T09:00:20Z'),
          at('EndpointAssigned', '2026-11-21T09:00:10Z'),
        ],
      },
    );

    expect(toSubject(held)).toBeUndefined();
    expect(toSubject(born)?.bornMs).toBe(Date.parse('2026-11-21T09:00:10Z'));
  });

  it('is stopped when it is to have no pods and has none', () => {
    const running: Pod = { metadata: { name: 'a' }, status: { phase: 'Running' } };
    const evicted: Pod = { metadata: { name: 'b' }, status: { phase: 'Failed' } };

    expect(isStopped(aTenantOf(stoppedAs(0)))).toBe(true);
    expect(isStopped(aTenantOf(stoppedAs(0)), [evicted])).toBe(true);
    expect(isStopped(aTenantOf(stoppedAs(0)), [evicted, running])).toBe(false);
    expect(isStopped(aTenantOf(stoppedAs(1)))).toBe(false);
  });

  it('runs while its stop is refused together with something else, and is stopped while its start is', () => {
    expect(isStopped(aTenantOf(stoppedAs(0), { admitted }))).toBe(false);
    expect(isStopped(aTenantOf(stoppedAs(2), { admitted: { ...admitted, replicas: 0 } }))).toBe(true);
  });

  it('is of the class and size that it was let in with, whatever it asks for', () => {
    const wish = { className: 'platinum', size: 'anything' };

    expect(offerOf(aTenantOf(wish, { admitted, class: gold }))).toEqual({ className: 'gold', size: 'small' });
    expect(offerOf(aTenantOf(wish, { class: gold }))).toEqual({ className: 'gold', size: 'medium' });
    expect(offerOf(aTenantOf(wish))).toEqual({ className: '', size: '' });
  });
});
