import { describe, expect, test } from '@jest/globals';

import { differences } from './differences.ts';

describe('no difference', () => {
  test.each<[string, unknown, unknown]>([
    [
      'fields that the API server fills in',
      { spec: { replicas: 1 } },
      { spec: { replicas: 1, paused: false }, status: {} },
    ],
    ['keys of a map that others own', { data: { a: '1' } }, { data: { a: '1', b: '2' } }],
    [
      'elements that others own',
      pod({ name: 'a', image: 'x' }),
      pod({ name: 'b' }, { name: 'a', image: 'x' }),
    ],
    [
      'fields that the API server fills in for an init container',
      {
        spec: {
          template: {
            spec: { initContainers: [{ name: 'kine', ports: [{ containerPort: 1, protocol: 'TCP' }] }] },
          },
        },
      },
      {
        spec: {
          template: {
            spec: {
              initContainers: [
                {
                  name: 'kine',
                  terminationMessagePath: '/x',
                  ports: [{ containerPort: 1, protocol: 'TCP', name: 'a' }],
                },
              ],
            },
          },
        },
      },
    ],
    ['an empty list that the API server dropped', { rules: [] }, {}],
    ['an empty map that the API server dropped', { data: {} }, {}],
    ['a field left undefined', { a: undefined }, {}],
    [
      'what says nothing within an atomic list, which the API server drops',
      {
        tolerations: [
          { key: '', value: null, operator: 'Exists', seconds: 0, more: { labels: {}, list: [] } },
        ],
      },
      { tolerations: [{ operator: 'Exists', more: {} }] },
    ],
    [
      'an atomic map that is empty',
      { spec: { template: { spec: { nodeSelector: {} } } } },
      { spec: { template: { spec: {} } } },
    ],
    [
      'another spelling of the same amount',
      pod({ name: 'a', resources: { requests: { cpu: '0.5' }, limits: { memory: '1024Mi' } } }),
      pod({ name: 'a', resources: { requests: { cpu: '500m' }, limits: { memory: '1Gi' } } }),
    ],
  ])('in %s', (_, wanted, live) => {
    expect(differences(wanted, live)).toEqual([]);
  });
});

describe('a difference', () => {
  test.each<[string, unknown, unknown, readonly string[]]>([
    ['a value', { data: { a: '1', b: '2' } }, { data: { a: '1', b: '3' } }, ['data.b']],
    ['a missing key', { data: { a: '1' } }, { data: {} }, ['data.a']],
    ['a missing branch', { spec: { a: { b: 1 } } }, {}, ['spec']],
    ['an atomic list with one element more', { args: ['a'] }, { args: ['a', 'b'] }, ['args']],
    ['an atomic list in another order', { args: ['a', 'b'] }, { args: ['b', 'a'] }, ['args']],
    [
      'an atomic list whose element says more',
      { rules: [{ verbs: ['get'] }] },
      { rules: [{ verbs: ['get'], x: 1 }] },
      ['rules'],
    ],
    [
      'an atomic map with one key more',
      { roleRef: { name: 'a' } },
      { roleRef: { name: 'a', kind: 'Role' } },
      ['roleRef'],
    ],
    [
      'an element of an atomic list that the API server gave a value',
      { tolerations: [{ key: '', operator: 'Exists' }] },
      { tolerations: [{ key: 'a', operator: 'Exists' }] },
      ['tolerations'],
    ],
    [
      'an amount',
      pod({ name: 'a', resources: { requests: { cpu: '0.5' } } }),
      pod({ name: 'a', resources: { requests: { cpu: '501m' } } }),
      ['spec.template.spec.containers.resources.requests.cpu'],
    ],
    ['a missing element', pod({ name: 'a' }), pod({ name: 'b' }), ['spec.template.spec.containers']],
    [
      'a field of an element',
      pod({ name: 'a', image: 'x' }),
      pod({ name: 'a', image: 'y' }),
      ['spec.template.spec.containers.image'],
    ],
    [
      'one port of two with the same number',
      { spec: { ports: [{ port: 53, protocol: 'TCP', name: 'dns-tcp' }] } },
      {
        spec: {
          ports: [
            { port: 53, protocol: 'UDP', name: 'dns-tcp' },
            { port: 53, protocol: 'TCP', name: 'x' },
          ],
        },
      },
      ['spec.ports.name'],
    ],
  ])('in %s', (_, wanted, live, paths) => {
    expect(differences(wanted, live)).toEqual(paths);
  });
});

function pod(...containers: readonly object[]): object {
  return { spec: { template: { spec: { containers } } } };
}
