import { expect, test } from '@jest/globals';

import { buildJoinToken, drawJoinToken, joinCommand, readJoinToken } from './join-token.ts';

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

test('the join command names the address, the token and the CA', () => {
  expect(joinCommand({ address: '[fd00::7]:6443', token, caHash: 'cafe' }).join(' ')).toBe(
    'kubeadm join [fd00::7]:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:cafe',
  );
});

test('a token reads as it was made, but for its secret', () => {
  const made = {
    tokenId: 'abcdef',
    expiresAt: new Date('2026-01-02T03:04:05Z'),
    description: 'for rack 7',
    groups: ['system:bootstrappers:a'],
    usages: ['signing'],
  } as const;

  expect(readJoinToken(buildJoinToken({ ...made, tokenSecret: '0123456789abcdef' }))).toEqual(made);
});

test.each([
  ['is of another type', { type: 'Opaque' }],
  ['has a name that is not its own', { metadata: { name: 'bootstrap-token-zzzzzz' } }],
  ['has an id that is none', { data: { 'token-id': Buffer.from('../../x').toString('base64') } }],
])('a Secret that %s is no token', (_, difference) => {
  expect(readJoinToken({ ...buildJoinToken(token), ...difference })).toBeUndefined();
});

test('ids and secrets are drawn from all that is allowed', () => {
  let next = 0;
  expect(drawJoinToken((below) => next++ % below)).toEqual({
    tokenId: 'abcdef',
    tokenSecret: 'ghijklmnopqrstuv',
  });
});
