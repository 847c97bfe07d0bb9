import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { buildDeployment } from '../deployment/build.ts';
import { annotations, tenantNames } from '../names.ts';
import { buildService } from '../service/build.ts';
import { askedFor } from './effective.ts';
import { runningOf } from './running.ts';

const input = {
  store: { driver: 'etcd', endpoints: [], partition: '', readAtStart: [] },
  kineImage: '',
  startupFilesHash: '',
} as const;

/** What is made of a control plane. */
function madeOf(tenant: ReturnType<typeof aTenant>) {
  const names = tenantNames(tenant, 'marina-tenants');
  return { deployment: buildDeployment(tenant, names, input), service: buildService(tenant, names) };
}

describe('runningOf', () => {
  it('is what was made of it, whatever its specification says by now', () => {
    const requests = { cpu: '1', memory: '2Gi' };
    const made = madeOf(
      aTenant({
        controlPlane: {
          deployment: {
            replicas: 3,
            resources: { apiServer: { requests, limits: requests } },
            registrySettings: { registry: 'registry.test:5000/k8s', tagSuffix: '-fips.2' },
          },
          service: { loadBalancerSourceRanges: ['10.0.0.0/8'], allocateLoadBalancerNodePorts: false },
        },
      }),
    );
    const edited = aTenant({
      kubernetes: { version: 'v1.35.9' },
      controlPlane: { service: { serviceType: 'ClusterIP' } },
    });

    expect(runningOf(edited, made)).toEqual({
      version: 'v1.36.3',
      replicas: 3,
      resources: {
        apiServer: { requests, limits: requests },
        controllerManager: { requests: { cpu: '7m', memory: '35Mi' } },
        scheduler: { requests: { cpu: '3m', memory: '15Mi' } },
      },
      serviceType: 'LoadBalancer',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      allocateLoadBalancerNodePorts: false,
    });
  });

  it('is what its status and its specification say where nothing was made', () => {
    const tenant = { ...aTenant(), status: { version: 'v1.35.9+build.7' } };
    expect(runningOf(tenant, {})).toEqual({ ...askedFor(tenant.spec), version: 'v1.35.9' });
  });

  it('keeps the pods that it is to have while a restore keeps it at rest', () => {
    const stopped = madeOf(aTenant({ controlPlane: { deployment: { replicas: 0 } } }));
    const wish = { controlPlane: { deployment: { replicas: 2 } } };
    const resting = aTenant(wish, { annotations: { [annotations.restore]: 'back' } });
    expect(runningOf(resting, stopped)?.replicas).toBe(2);
    expect(runningOf(aTenant(wish), stopped)?.replicas).toBe(0);
  });
});
