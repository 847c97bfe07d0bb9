import { describe, expect, it } from '@jest/globals';
import { aClass } from '../../../test/support/control-plane-class.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import type { TenantControlPlaneStatus } from '../../api/v1alpha1/tenant-control-plane.ts';
import { askedFor, effectiveTenant } from './effective.ts';
import { takeClass } from './in-force.ts';

const now = new Date('2026-11-21T08:00:00Z');
const strict = takeClass(aClass({ limits: { extraArgs: false } }), now);

function effective(spec: Parameters<typeof aTenant>[0], status: TenantControlPlaneStatus) {
  return effectiveTenant({ ...aTenant(spec), status }).spec;
}

describe('effectiveTenant', () => {
  it('is what the specification says where nothing keeps it', () => {
    const tenant = aTenant();
    expect(effectiveTenant(tenant)).toEqual(tenant);
  });

  it('is what has been let in, whatever the specification says by now', () => {
    const before = askedFor(aTenant({ storageBudget: { bytes: '64Mi' } }).spec);
    const spec = effective(
      {
        kubernetes: { version: 'v1.36.9' },
        storageBudget: { bytes: '1Gi' },
        controlPlane: {
          deployment: { replicas: 5, resources: { apiServer: { requests: { cpu: '8' } } } },
          service: { serviceType: 'NodePort' },
        },
      },
      { admitted: before },
    );

    expect(spec.kubernetes.version).toBe('v1.36.3');
    expect(spec.controlPlane.deployment.replicas).toBe(1);
    expect(spec.controlPlane.deployment).not.toHaveProperty('resources');
    expect(spec.storageBudget).toEqual({ bytes: '64Mi' });
    expect(spec.controlPlane.service.serviceType).toBe('LoadBalancer');
  });

  it('leaves what nobody has to let in to the specification', () => {
    const admitted = askedFor(aTenant().spec);
    const deployment = { nodeSelector: { pool: 'a' }, extraArgs: { scheduler: ['--v=4'] } };
    const spec = effective({ controlPlane: { deployment } }, { admitted });

    expect(spec.controlPlane.deployment).toMatchObject(deployment);
  });

  it('has no flags of its own where the class allows none', () => {
    const admitted = askedFor(aTenant().spec);
    const deployment = { extraArgs: { scheduler: ['--v=4'] } };
    const spec = effective({ controlPlane: { deployment } }, { admitted, class: strict });

    expect(spec.controlPlane.deployment.extraArgs.scheduler).toEqual([]);
  });

  it('is the same when it is asked for again', () => {
    const tenant = { ...aTenant(), status: { admitted: askedFor(aTenant().spec), class: strict } };
    const once = effectiveTenant(tenant);
    expect(effectiveTenant(once)).toEqual(once);
  });
});
