import { expect, test } from '@jest/globals';

import { configMaps, services } from '../kube/resources.ts';
import { decide } from './decide.ts';
import { bootstrapObject } from './objects.ts';

const configMap = bootstrapObject('coredns', configMaps, {
  metadata: { namespace: 'kube-system', name: 'coredns' },
  data: { Corefile: 'a' },
});
const service = bootstrapObject('coredns', services, {
  metadata: { namespace: 'kube-system', name: 'kube-dns' },
  spec: { clusterIP: '10.96.0.10', selector: { app: 'dns' } },
});

test('an object that is missing is applied', () => {
  expect(decide(configMap, undefined)).toEqual({ action: 'apply', paths: [] });
});

test('an object that is as it should be is kept', () => {
  expect(decide(configMap, { ...configMap.object, apiVersion: 'v1' })).toEqual({ action: 'keep' });
});

test('an object that differs is applied', () => {
  const live = { ...configMap.object, data: { Corefile: 'b' } };

  expect(decide(configMap, live)).toEqual({ action: 'apply', paths: ['data.Corefile'] });
});

test('what cannot be changed is replaced', () => {
  const elsewhere = { ...service.object, spec: { ...service.object.spec, clusterIP: '10.96.0.11' } };
  const sealed = { ...configMap.object, data: { Corefile: 'b' }, immutable: true };

  expect(decide(service, elsewhere)).toEqual({ action: 'replace', paths: ['spec.clusterIP'] });
  expect(decide(configMap, sealed)).toEqual({ action: 'replace', paths: ['data.Corefile'] });
});

test('an object on its way out is waited for', () => {
  const metadata = {
    ...configMap.object.metadata,
    deletionTimestamp: '2026-01-01T00:00:00Z',
    finalizers: ['a/b'],
  };

  expect(decide(configMap, { ...configMap.object, metadata })).toEqual({
    action: 'wait',
    finalizers: ['a/b'],
  });
});
