import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aClass } from '../../../test/support/control-plane-class.ts';
import { type TenantControlPlaneSpecInput, withDefaults } from '../../../test/support/defaults.ts';
import { bareVersion } from '../versions.ts';
import { completeSpec } from './complete.ts';
import { outsideClass } from './within.ts';

const { spec: settings } = aClass({
  versions: { offered: ['v1.35.9', 'v1.36.3'], default: 'v1.36.3' },
  sizes: {
    default: 'small',
    offered: [{ name: 'small', storageBudget: { bytes: '1Gi' } }, { name: 'large' }],
  },
  replicas: { min: 2, max: 3, default: 2 },
  limits: { maxLifetime: '3d', serviceTypes: ['ClusterIP', 'NodePort'], extraArgs: false },
});

const service = { serviceType: 'NodePort' as const };

function problems(spec: Partial<TenantControlPlaneSpecInput>, current?: string): readonly string[] {
  const controlPlane = { service, ...spec.controlPlane };
  return outsideClass(withDefaults({ className: 'standard', ...spec, controlPlane }), settings, current);
}

describe('outsideClass', () => {
  it.each<[string, Partial<TenantControlPlaneSpecInput>, string?]>([
    ['nothing', {}],
    ['an offered version, however it is written', { kubernetes: { version: '1.35.9' } }],
    ['an offered size', { size: 'large' }],
    ['replicas in between', { controlPlane: { deployment: { replicas: 3 } } }],
    ['no replicas, which stops it', { controlPlane: { deployment: { replicas: 0 } } }],
    ['a smaller budget than its size has', { storageBudget: { bytes: '512Mi' } }],
    ['any budget where its size has none', { size: 'large', storageBudget: { bytes: '9Ti' } }],
    ['another service type', { controlPlane: { service: { serviceType: 'ClusterIP' } } }],
    ['the longest life', { expiresAfter: '72h' }],
    ['the next minor version', {}, 'v1.35.0'],
  ])('has nothing against %s', (_, ...[spec, current]) => {
    expect(problems(spec, current)).toEqual([]);
  });

  it.each<[string, Partial<TenantControlPlaneSpecInput>, string, string?]>([
    ['a version', { kubernetes: { version: 'v1.36.2' } }, 'spec.kubernetes.version'],
    ['a minor version too many at once', {}, 'spec.kubernetes.version', 'v1.34.1'],
    ['a minor version down', { kubernetes: { version: 'v1.35.9' } }, 'spec.kubernetes.version', 'v1.36.3'],
    ['a size', { size: 'huge' }, 'spec.size'],
    ['too few replicas', { controlPlane: { deployment: { replicas: 1 } } }, 'replicas'],
    ['too many replicas', { controlPlane: { deployment: { replicas: 4 } } }, 'replicas'],
    [
      'resources',
      { controlPlane: { deployment: { resources: { apiServer: { requests: { cpu: '1' } } } } } },
      'spec.controlPlane.deployment.resources',
    ],
    ['a larger budget', { storageBudget: { bytes: '2Gi' } }, 'spec.storageBudget.bytes'],
    ['a service type', { controlPlane: { service: { serviceType: 'LoadBalancer' } } }, 'serviceType'],
    ['flags', { controlPlane: { deployment: { extraArgs: { scheduler: ['--v=4'] } } } }, 'extraArgs'],
    ['a longer life', { expiresAfter: '73h' }, 'spec.expiresAfter'],
  ])('names %s that is not offered, and the field', (_, ...[spec, field, current]) => {
    const found = problems(spec, current);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(field);
  });

  it('lets nothing in that the class does not offer, whatever is written and left out', () => {
    const replicas = fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined });
    const version = fc.option(fc.constantFrom('v1.35.9', '1.36.3', 'v1.36.4'), { nil: undefined });
    const size = fc.option(fc.constantFrom('small', 'large', 'huge'), { nil: undefined });
    const bytes = fc.option(fc.constantFrom('8Mi', '1Gi', '2Gi'), { nil: undefined });
    fc.assert(
      fc.property(
        replicas,
        version,
        size,
        bytes,
        (...[wantedReplicas, wantedVersion, wantedSize, wantedBytes]) => {
          const spec = withDefaults({
            className: 'standard',
            size: wantedSize,
            kubernetes: { version: wantedVersion },
            controlPlane: { service, deployment: { replicas: wantedReplicas } },
            ...(wantedBytes && { storageBudget: { bytes: wantedBytes } }),
          });
          if (outsideClass(spec, settings).length > 0) return;
          const { kubernetes, controlPlane, storageBudget } = completeSpec(spec, settings);

          expect(settings.versions.offered.map(bareVersion)).toContain(bareVersion(kubernetes.version));
          expect([0, 2, 3]).toContain(controlPlane.deployment.replicas);
          if (wantedSize !== 'large') expect(['8Mi', '1Gi']).toContain(storageBudget?.bytes);
        },
      ),
    );
  });
});
