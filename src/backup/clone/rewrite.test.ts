import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { encryptionConfiguration } from '../../controlplane/roots/material.ts';
import { cloneRewrite } from './rewrite.ts';
import { SecretBox } from './secretbox.ts';

const from = encryptionConfiguration(randomBytes(32).toString('base64'));
const to = encryptionConfiguration(randomBytes(32).toString('base64'));
const rewrite = cloneRewrite({ from, to }, randomBytes);
const value = Buffer.from('k8s\0anything');

describe('a clone', () => {
  it.each([
    'configmaps/default/app',
    'pods/default/app-1',
    'leasesx/default/app',
    'minionsandmore/x',
    'services/endpoints/default/kubernetes-dashboard',
    'endpointslices/other/kubernetes',
    'apiextensions.k8s.io/customresourcedefinitions/leases.example.com',
    'example.com/leases/default/one',
  ])('has %s as it is', (key) => {
    expect(rewrite({ key, value })).toEqual({ key, value });
  });

  it.each([
    'leases/kube-node-lease/worker',
    'leases/kube-system/kube-scheduler',
    'minions/worker',
    'csinodes/worker',
    'masterleases/10.0.0.1',
    'certificatesigningrequests/csr-abcde',
    'services/endpoints/default/kubernetes',
    'endpointslices/default/kubernetes',
    'validatingadmissionpolicies/storage-budget.marina.dev',
    'validatingadmissionpolicybindings/storage-budget.marina.dev',
    'secrets/kube-system/bootstrap-token-abcdef',
  ])('does not have %s', (key) => {
    expect(rewrite({ key, value })).toBeUndefined();
  });

  it('has secrets that only its own key opens', () => {
    const plain = secretOfType('Opaque');
    const sealed = new SecretBox(from).seal(plain, randomBytes);
    const entry = rewrite({ key: 'secrets/default/app', value: sealed, ttlSeconds: 60 });
    expect(entry).toMatchObject({ key: 'secrets/default/app', ttlSeconds: 60 });
    expect(new SecretBox(to).open(entry?.value as Buffer)).toEqual(plain);
    expect(() => new SecretBox(from).open(entry?.value as Buffer)).toThrow();
  });

  it.each(['kubernetes.io/service-account-token', 'bootstrap.kubernetes.io/token'])(
    'does not have secrets of type %s, sealed or plain, protobuf or JSON',
    (type) => {
      const stored = [secretOfType(type), Buffer.from(JSON.stringify({ kind: 'Secret', type }))];
      for (const plain of stored) {
        const sealed = new SecretBox(from).seal(plain, randomBytes);
        for (const one of [plain, sealed]) {
          expect(rewrite({ key: 'secrets/default/token', value: one })).toBeUndefined();
        }
      }
    },
  );

  it('is not made of what another key sealed', () => {
    const foreign = new SecretBox(to).seal(secretOfType('Opaque'), randomBytes);
    expect(() => rewrite({ key: 'secrets/default/app', value: foreign })).toThrow();
  });
});

/** As a kube-apiserver stores it, with fields before and after the type. */
function secretOfType(type: string): Buffer {
  const secret = new protobuf.Writer();
  secret.uint32((1 << 3) | 2).bytes(Buffer.from('metadata'));
  secret.uint32((2 << 3) | 2).bytes(Buffer.from('data'));
  secret.uint32((3 << 3) | 2).string(type);
  secret.uint32(5 << 3).bool(true);
  const unknown = new protobuf.Writer();
  unknown.uint32((1 << 3) | 2).bytes(Buffer.from('v1 Secret'));
  unknown.uint32((2 << 3) | 2).bytes(secret.finish());
  return Buffer.concat([Buffer.from('k8s\0'), unknown.finish()]);
}
