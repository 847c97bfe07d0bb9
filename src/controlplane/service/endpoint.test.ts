import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import type { Service } from '../../kube/resources.ts';
import { tenantNames } from '../names.ts';
import { buildService } from './build.ts';
import { formatEndpoint, resolveEndpoint } from './endpoint.ts';

const published = (serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer', networkProfile = {}) =>
  aTenant({ controlPlane: { service: { serviceType } }, networkProfile });

const live = (spec: NonNullable<Service['spec']>, status: NonNullable<Service['status']> = {}): Service => ({
  spec,
  status,
});

describe('resolveEndpoint', () => {
  it('takes the allocated node port and the platform team’s address', () => {
    const service = live({ ports: [{ port: 6443, nodePort: 31234 }] });

    expect(resolveEndpoint(published('NodePort'), service, '192.0.2.7')).toMatchObject({
      state: 'Done',
      value: { host: '192.0.2.7', port: 31234 },
    });
  });

  it('prefers the address of the spec', () => {
    const service = live({ ports: [{ port: 6443, nodePort: 31234 }] });

    expect(
      resolveEndpoint(published('NodePort', { address: 'api.example.com' }), service, '192.0.2.7'),
    ).toMatchObject({
      value: { host: 'api.example.com' },
    });
  });

  it('names the field to set when a node port has no address', () => {
    expect(
      resolveEndpoint(published('NodePort'), live({ ports: [{ port: 6443, nodePort: 31234 }] }), undefined),
    ).toMatchObject({
      state: 'Failed',
      reason: 'AddressMissing',
      message: expect.stringContaining('spec.networkProfile.address'),
    });
  });

  it('waits for the load balancer, and takes its host name as well as its IP address', () => {
    const spec = { ports: [{ port: 443 }] };

    expect(resolveEndpoint(published('LoadBalancer'), live(spec), undefined)).toMatchObject({
      reason: 'LoadBalancerPending',
    });
    expect(
      resolveEndpoint(
        published('LoadBalancer'),
        live(spec, { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } }),
        undefined,
      ),
    ).toMatchObject({ value: { host: 'lb.example.com', port: 443 } });
  });

  it('uses the cluster IP otherwise', () => {
    expect(
      resolveEndpoint(
        published('ClusterIP'),
        live({ clusterIP: '10.96.4.4', ports: [{ port: 6443 }] }),
        undefined,
      ),
    ).toMatchObject({ value: { host: '10.96.4.4', port: 6443 } });
  });
});

describe('buildService', () => {
  it('publishes the wished port where the type has one', () => {
    const build = (type: 'NodePort' | 'LoadBalancer') => {
      const tenant = published(type, { port: 31000 });
      return buildService(tenant, tenantNames(tenant, 'marina-tenants')).spec?.ports;
    };

    expect(build('NodePort')).toEqual([
      { name: 'https', protocol: 'TCP', port: 6443, targetPort: 6443, nodePort: 31000 },
    ]);
    expect(build('LoadBalancer')).toEqual([
      { name: 'https', protocol: 'TCP', port: 31000, targetPort: 6443 },
    ]);
  });
});

describe('formatEndpoint', () => {
  it('puts IPv6 addresses in brackets', () => {
    expect(formatEndpoint({ host: '2001:db8::1', port: 6443 })).toBe('[2001:db8::1]:6443');
    expect(formatEndpoint({ host: 'api.example.com', port: 443 })).toBe('api.example.com:443');
  });
});
