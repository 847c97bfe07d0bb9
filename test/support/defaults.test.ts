import { describe, expect, test } from '@jest/globals';
import { withDefaults } from './defaults.ts';

describe('withDefaults', () => {
  test('fills in a minimal spec, down to the innermost fields', () => {
    const spec = withDefaults({ kubernetes: { version: 'v1.36.3' } });
    expect(spec).toMatchObject({
      networkProfile: {
        serviceCidrs: ['10.96.0.0/16'],
        podCidrs: ['10.244.0.0/16'],
        clusterDomain: 'cluster.local',
      },
      controlPlane: {
        deployment: {
          registrySettings: { registry: 'registry.k8s.io' },
          extraArgs: { apiServer: [] },
        },
        service: { serviceType: 'LoadBalancer' },
      },
      addons: { coreDNS: {}, kubeProxy: { configurationPatches: [] } },
    });
  });

  test('changes nothing in a spec that has its defaults', () => {
    const spec = withDefaults({ kubernetes: { version: 'v1.36.3' } });
    expect(withDefaults(spec)).toEqual(spec);
  });

  test('hands out no object twice', () => {
    const first = withDefaults({ kubernetes: { version: 'v1.36.3' } });
    first.networkProfile.serviceCidrs.push('fd00::/108');
    expect(withDefaults({ kubernetes: { version: 'v1.36.3' } }).networkProfile.serviceCidrs).toEqual([
      '10.96.0.0/16',
    ]);
  });

  test('keeps pod-shaped fields as they are and drops fields that there are not', () => {
    const spec = withDefaults({
      kubernetes: { version: 'v1.36.3', colour: 'blue' } as { version: string },
      controlPlane: {
        deployment: { tolerations: [{ key: 'a', newInPods: { deep: [1] } } as { key: string }] },
      },
    });
    expect(spec.kubernetes).not.toHaveProperty('colour');
    expect(spec.controlPlane.deployment.tolerations).toEqual([{ key: 'a', newInPods: { deep: [1] } }]);
  });

  test('refuses what the schema refuses', () => {
    expect(() => withDefaults({ kubernetes: { version: 'latest' } })).toThrow(/version/);
  });
});
