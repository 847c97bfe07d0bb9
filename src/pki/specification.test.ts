import { describe, expect, it } from '@jest/globals';

import { certificateSpecifications, ROOT_SPECIFICATIONS, type EndpointNames } from './specification.ts';

const NAMES: EndpointNames = {
  clusterDomain: 'tenant.internal',
  serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'],
  published: ['203.0.113.7', 'demo.example.com'],
  internal: ['x1.marina-tenants.svc', '10.0.0.9'],
  extra: ['*.example.com', '127.0.0.1', '2001:DB8::0:1'],
};

describe('what a control plane needs', () => {
  it('is an API server that answers to all its names, each once', () => {
    const [apiServer] = certificateSpecifications(NAMES);
    expect(apiServer).toEqual({
      name: 'apiserver',
      signedBy: 'ca',
      subject: { commonName: 'kube-apiserver' },
      usages: ['serverAuth'],
      dnsNames: [
        ...[
          'kubernetes',
          'kubernetes.default',
          'kubernetes.default.svc',
          'kubernetes.default.svc.tenant.internal',
        ],
        ...['demo.example.com', 'x1.marina-tenants.svc', 'localhost', '*.example.com'],
      ],
      ipAddresses: ['10.96.0.1', 'fd00:10:96::1', '203.0.113.7', '10.0.0.9', '127.0.0.1', '2001:db8::1'],
    });
  });

  it('is clients that serve nothing, of which one is of the front proxy and one a master', () => {
    const clients = certificateSpecifications(NAMES).slice(1);
    const roots = ROOT_SPECIFICATIONS.map((root) => root.name);
    for (const client of clients) {
      expect(client).toMatchObject({ usages: ['clientAuth'], dnsNames: [], ipAddresses: [] });
      expect(roots).toContain(client.signedBy);
    }
    const named = (predicate: (client: (typeof clients)[number]) => boolean) =>
      clients.filter(predicate).map((c) => c.name);
    expect(named((client) => client.signedBy === 'front-proxy-ca')).toEqual(['front-proxy-client']);
    expect(named((client) => client.subject.organizations?.includes('system:masters') === true)).toEqual([
      'marina',
    ]);
    expect(new Set(clients.map((client) => client.subject.commonName)).size).toBe(clients.length);
  });

  it('is not to be had with a service range that is none', () => {
    expect(() => certificateSpecifications({ ...NAMES, serviceCidrs: ['10.96.0.0'] })).toThrow(
      '"10.96.0.0": not a CIDR',
    );
  });
});
