import { describe, expect, it } from '@jest/globals';
import { readControlPlane } from './control-plane.ts';

describe('a control plane that is asked for', () => {
  it('by flags alone has what they say', () => {
    const flags = {
      version: '1.36.3',
      class: 'standard',
      size: 'small',
      dataStore: 'etcd',
      replicas: '2',
      serviceType: 'NodePort',
      label: ['a=b', 'c=d=e'],
    };
    expect(readControlPlane('blue', undefined, flags).wish).toEqual({
      name: 'blue',
      labels: { a: 'b', c: 'd=e' },
      spec: {
        kubernetes: { version: 'v1.36.3' },
        className: 'standard',
        size: 'small',
        dataStore: 'etcd',
        controlPlane: { deployment: { replicas: 2 }, service: { serviceType: 'NodePort' } },
      },
    });
  });

  it('by a manifest has its name, namespace and labels, and flags come before it', () => {
    const file = {
      apiVersion: 'marina.dev/v1alpha1',
      kind: 'TenantControlPlane',
      metadata: { name: 'blue', namespace: 'team-a', labels: { a: 'x', b: 'y' }, annotations: { n: 'm' } },
      spec: { dataStore: 'etcd', kubernetes: { version: 'v1.35.0' } },
    };
    const before = structuredClone(file);
    const asked = readControlPlane(undefined, file, { version: 'v1.36.3', label: ['a=z'] });
    expect(asked).toEqual({
      namespace: 'team-a',
      wish: {
        name: 'blue',
        labels: { a: 'z', b: 'y' },
        annotations: { n: 'm' },
        spec: { dataStore: 'etcd', kubernetes: { version: 'v1.36.3' } },
      },
    });
    expect(file).toEqual(before);
  });

  it.each<[string, unknown]>([
    [
      'networkProfile.podCidrs=[10.0.0.0/8, fd00::/8]',
      { networkProfile: { podCidrs: ['10.0.0.0/8', 'fd00::/8'] } },
    ],
    ['spec.serviceAccountIssuers[0]=https://a', { serviceAccountIssuers: ['https://a'] }],
    ['a.b\\.c/d=7', { a: { 'b.c/d': 7 } }],
    ['a[0].b=true', { a: [{ b: true }] }],
    ['a=', { a: null }],
  ])('has --set %s', (text, spec) => {
    expect(readControlPlane('blue', undefined, { set: [text] }).wish.spec).toEqual(spec);
  });

  it.each<[string, string | undefined, unknown, object, RegExp]>([
    ['no name', undefined, { spec: {} }, {}, /no name/],
    ['two names', 'green', { name: 'blue' }, {}, /about blue, the command about green/],
    ['another kind', 'blue', { kind: 'Pod' }, {}, /holds a "Pod"/],
    ['what is no object', 'blue', ['x'], {}, /no control plane/],
    ['an unknown member', 'blue', { specs: {} }, {}, /`specs`/],
    ['a label without a value', 'blue', undefined, { label: ['a'] }, /key=value/],
    ['replicas that are none', 'blue', undefined, { replicas: 'two' }, /number/],
    ['a path without a value', 'blue', undefined, { set: ['a.b'] }, /path=value/],
    ['an empty path', 'blue', undefined, { set: ['a..b=1'] }, /is no path/],
    ['a path into the prototype', 'blue', undefined, { set: ['__proto__.x=1'] }, /is no path/],
    ['a place past the end of a list', 'blue', undefined, { set: ['a[3]=1'] }, /past the end/],
    ['a value that is no YAML', 'blue', undefined, { set: ['a=[1'] }, /no YAML/],
  ])('is refused with %s', (_, ...[name, file, flags, message]) => {
    expect(() => readControlPlane(name, file, flags)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message) }),
    );
  });
});
