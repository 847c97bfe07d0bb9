import { describe, expect, it } from '@jest/globals';
import { aClass } from '../../../test/support/control-plane-class.ts';
import { type TenantControlPlaneSpecInput, withDefaults } from '../../../test/support/defaults.ts';
import { tenantControlPlaneSpec } from '../../api/v1alpha1/tenant-control-plane.ts';
import { matches } from '../placement/label-selector.ts';
import { completeSpec } from './complete.ts';

const { spec: settings } = aClass({
  sizes: {
    default: 'small',
    offered: [
      { name: 'small', storageBudget: { bytes: '1Gi', objects: 5000 } },
      { name: 'large', resources: { apiServer: { requests: { cpu: '2' } } } },
    ],
  },
  replicas: { default: 2 },
  dataStoreSelector: { matchLabels: { tier: 'gold' } },
  addons: { coreDNS: { replicas: 5 }, kubeProxy: { enabled: false } },
});

/** Of a control plane of the class that says only this. */
const complete = (spec: Partial<TenantControlPlaneSpecInput> = {}) =>
  completeSpec(withDefaults({ className: 'standard', ...spec }), settings);

describe('completeSpec', () => {
  it('takes from the class what the control plane leaves out', () => {
    const { kubernetes, controlPlane, storageBudget, addons } = complete();

    expect(kubernetes.version).toBe('v1.36.3');
    expect(controlPlane.deployment.replicas).toBe(2);
    expect(storageBudget).toEqual({ bytes: '1Gi', objects: 5000 });
    expect(addons.coreDNS).toEqual({ enabled: true, replicas: 5 });
    expect(addons.kubeProxy).toEqual({ enabled: false, configurationPatches: [] });
  });

  it('keeps what the control plane says', () => {
    const { kubernetes, controlPlane, storageBudget, addons } = complete({
      size: 'large',
      kubernetes: { version: 'v1.35.0' },
      controlPlane: { deployment: { replicas: 0 } },
      storageBudget: { objects: 600 },
      addons: { coreDNS: { enabled: false }, kubeProxy: { enabled: true } },
    });

    expect(kubernetes.version).toBe('v1.35.0');
    expect(controlPlane.deployment).toMatchObject({
      replicas: 0,
      resources: { apiServer: { requests: { cpu: '2' } } },
    });
    expect(storageBudget).toEqual({ objects: 600 });
    expect(addons).toMatchObject({ coreDNS: { enabled: false, replicas: 5 }, kubeProxy: { enabled: true } });
  });

  it('lets a budget of its own replace only the limit that it names', () => {
    expect(complete({ storageBudget: { bytes: '8Mi' } }).storageBudget).toEqual({
      bytes: '8Mi',
      objects: 5000,
    });
  });

  it('asks of a DataStore what both ask', () => {
    const own = {
      matchLabels: { region: 'north' },
      matchExpressions: [{ key: 'old', operator: 'DoesNotExist' as const }],
    };
    const { dataStoreSelector } = complete({ dataStoreSelector: own });
    const fits = (labels: Record<string, string>) => matches(dataStoreSelector, labels);

    expect(fits({ tier: 'gold', region: 'north' })).toBe(true);
    expect(fits({ tier: 'gold' })).toBe(false);
    expect(fits({ region: 'north' })).toBe(false);
    expect(fits({ tier: 'gold', region: 'north', old: 'yes' })).toBe(false);
  });

  it('needs no class, and then says what Marina always did', () => {
    const spec = completeSpec(withDefaults({ kubernetes: { version: 'v1.36.3' } }));

    expect(spec.controlPlane.deployment.replicas).toBe(1);
    expect(spec.addons).toEqual({
      coreDNS: { enabled: true, replicas: 2 },
      kubeProxy: { enabled: true, configurationPatches: [] },
    });
    expect(spec).not.toHaveProperty('storageBudget');
  });

  it('changes nothing in what is complete, and makes nothing that the schema refuses', () => {
    const once = complete({ size: 'large' });
    expect(completeSpec(once)).toEqual(once);
    expect(tenantControlPlaneSpec.parse(once)).toEqual(once);
  });
});
