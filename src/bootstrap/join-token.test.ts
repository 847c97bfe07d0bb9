import { expect, test } from '@jest/globals';

import { buildJoinToken, joinCommand } from './join-token.ts';

const token = { tokenId: 'abcdef', tokenSecret: '0123456789abcdef' };

test('a token says what it is for, for whom and until when', () => {
  const secret = buildJoinToken({
    ...token,
    expiresAt: new Date('2026-01-02T03:04:05.678Z'),
    groups: ['system:bootstrappers:a', 'system:bootstrappers:b'],
  });

  const data = Object.entries(secret.data ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ]);
  expect(secret.metadata).toEqual({ namespace: 'kube-system', name: 'bootstrap-token-abcdef' });
  expect(Object.fromEntries(data)).toEqual({
    'auth-extra-groups': 'system:bootstrappers:a,system:bootstrappers:b',
    expiration: '2026-01-02T03:04:05Z',
    'token-id': 'abcdef',
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
  });
});

test.each([
  ['10.0.0.7', '10.0.0.7:6443'],
  ['fd00::7', '[fd00::7]:6443'],
  ['api.tenant.example', 'api.tenant.example:6443'],
])('the join command reaches %s', (host, address) => {
  expect(joinCommand({ endpoint: { host, port: 6443 }, token, caHash: 'cafe' })).toBe(
    `kubeadm join ${address} --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:cafe`,
  );
});
