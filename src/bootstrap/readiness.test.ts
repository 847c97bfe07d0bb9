import { describe, expect, test } from '@jest/globals';

import type { ConfigMap, Secret } from '../kube/resources.ts';
import { clusterInfoKubeconfig } from './cluster-info.ts';
import { buildJoinToken } from './join-token.ts';
import { evaluateJoinable } from './readiness.ts';
import { detachedSignature } from './signing-token.ts';

const now = new Date('2026-01-01T00:00:00Z');
const question = { now, endpoint: { host: '10.0.0.7', port: 6443 }, certificateAuthority: 'PEM' };
const kubeconfig = clusterInfoKubeconfig(question.endpoint, question.certificateAuthority);
const token = buildJoinToken({
  tokenId: 'abcdef',
  tokenSecret: '0123456789abcdef',
  expiresAt: new Date('2026-01-02T00:00:00Z'),
});
const signature = detachedSignature(kubeconfig, { id: 'abcdef', secret: '0123456789abcdef' });

test('without tokens the kubeconfig is enough', () => {
  expect(evaluateJoinable(clusterInfo(), [], question)).toEqual({ joinable: true });
});

test('a live token needs its signature', () => {
  expect(evaluateJoinable(clusterInfo({ 'jws-kubeconfig-abcdef': signature }), [token], question)).toEqual({
    joinable: true,
  });
  const wrongs: readonly Record<string, string>[] = [
    {},
    { 'jws-kubeconfig-abcdef': 'x' },
    { 'jws-kubeconfig-zzzzzz': signature },
  ];
  for (const wrong of wrongs) {
    expect(evaluateJoinable(clusterInfo(wrong), [token], question)).toEqual({
      joinable: false,
      reason: 'TokenNotSigned',
      message: 'cluster-info is not yet signed for the tokens abcdef',
    });
  }
});

describe('a Secret that no one signs for does not count', () => {
  test.each<[string, Secret]>([
    ['expired', withData({ expiration: '2025-12-31T23:59:59Z' })],
    ['expired at this moment', withData({ expiration: '2026-01-01T00:00:00Z' })],
    ['with an unreadable expiration', withData({ expiration: 'soon' })],
    ['not for signing', withData({ 'usage-bootstrap-signing': 'false' })],
    ['without a secret', withData({ 'token-secret': '' })],
    ['with a name of another token', { ...token, metadata: { name: 'bootstrap-token-zzzzzz' } }],
    ['of another type', { ...token, type: 'Opaque' }],
  ])('%s', (_, secret) => {
    expect(evaluateJoinable(clusterInfo(), [secret], question)).toEqual({ joinable: true });
  });
});

test('a token without an expiration is live', () => {
  const secret = withData({ expiration: '' });

  expect(evaluateJoinable(clusterInfo(), [secret], question)).toMatchObject({ reason: 'TokenNotSigned' });
});

test('cluster-info has to be there, with the current endpoint and authority', () => {
  const moved = { ...question, endpoint: { host: '10.0.0.8', port: 6443 } };
  const rotated = { ...question, certificateAuthority: 'other' };

  expect(evaluateJoinable(undefined, [], question)).toMatchObject({ reason: 'ClusterInfoMissing' });
  expect(evaluateJoinable({ data: {} }, [], question)).toMatchObject({ reason: 'ClusterInfoMissing' });
  expect(evaluateJoinable(clusterInfo(), [], moved)).toMatchObject({ reason: 'ClusterInfoOutdated' });
  expect(evaluateJoinable(clusterInfo(), [], rotated)).toMatchObject({ reason: 'ClusterInfoOutdated' });
});

function clusterInfo(signatures: Readonly<Record<string, string>> = {}): ConfigMap {
  return { data: { kubeconfig, ...signatures } };
}

function withData(values: Readonly<Record<string, string>>): Secret {
  const encoded = Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return { ...token, data: { ...token.data, ...Object.fromEntries(encoded) } };
}
