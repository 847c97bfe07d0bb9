import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';

import { buildKubeconfig } from './kubeconfig.ts';

const server = 'https://192.0.2.1:6443';

describe('a kubeconfig', () => {
  it('carries its credentials', () => {
    const text = buildKubeconfig({
      clusterName: 'demo',
      server,
      certificateAuthority: 'root\n',
      user: { name: 'kubernetes-admin', certificate: 'leaf\n', privateKey: 'key\n' },
    });
    expect(parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'demo', cluster: { server, 'certificate-authority-data': 'cm9vdAo=' } }],
      users: [
        {
          name: 'kubernetes-admin',
          user: { 'client-certificate-data': 'bGVhZgo=', 'client-key-data': 'a2V5Cg==' },
        },
      ],
      contexts: [{ name: 'kubernetes-admin@demo', context: { cluster: 'demo', user: 'kubernetes-admin' } }],
      'current-context': 'kubernetes-admin@demo',
    });
  });

  it('may name files instead, which clients read again', () => {
    const text = buildKubeconfig({
      clusterName: 'demo',
      server,
      certificateAuthorityFile: '/pki/ca.crt',
      user: { name: 'system:kube-scheduler', certificateFile: '/pki/s.crt', keyFile: '/pki/s.key' },
    });
    expect(parse(text)).toMatchObject({
      clusters: [{ cluster: { 'certificate-authority': '/pki/ca.crt' } }],
      users: [
        {
          name: 'system:kube-scheduler',
          user: { 'client-certificate': '/pki/s.crt', 'client-key': '/pki/s.key' },
        },
      ],
    });
    expect(text).not.toContain('-data');
  });

  it('is YAML whatever its names are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (clusterName, name) => {
        const user = { name, certificate: 'leaf', privateKey: 'key' };
        const config: unknown = parse(
          buildKubeconfig({ clusterName, server, certificateAuthority: 'root', user }),
        );
        expect(config).toMatchObject({
          clusters: [{ name: clusterName }],
          users: [{ name }],
          'current-context': `${name}@${clusterName}`,
        });
      }),
    );
  });
});
