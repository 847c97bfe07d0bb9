import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { JsonPatchOperation } from './input.ts';
import { patched, type Configuration } from './json-patch.ts';

const document: Configuration = {
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  cgroupDriver: 'systemd',
  clusterDNS: ['10.96.0.10'],
};

test('applies patches in order and leaves the document as it was', () => {
  const before = structuredClone(document);

  const result = apply(
    { op: 'test', path: '/cgroupDriver', value: 'systemd' },
    { op: 'replace', path: '/cgroupDriver', value: 'cgroupfs' },
    { op: 'add', path: '/featureGates', value: {} },
    { op: 'add', path: '/featureGates/NodeSwap', value: true },
    { op: 'copy', from: '/clusterDNS/0', path: '/clusterDNS/-' },
    { op: 'move', from: '/cgroupDriver', path: '/driver' },
    { op: 'remove', path: '/clusterDNS/0' },
  );

  expect(result).toEqual({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    driver: 'cgroupfs',
    clusterDNS: ['10.96.0.10'],
    featureGates: { NodeSwap: true },
  });
  expect(document).toEqual(before);
});

describe('a patch that does not apply is named', () => {
  const first: JsonPatchOperation = { op: 'add', path: '/maxPods', value: 250 };

  test.each<[JsonPatchOperation, string]>([
    [{ op: 'replace', path: '/cgroupDriverr', value: 'x' }, 'the path is not there'],
    [{ op: 'remove', path: '/clusterDNS/1' }, 'the path is not there'],
    [{ op: 'add', path: '/logging/verbosity', value: 2 }, 'the parent of the path is not there'],
    [{ op: 'add', path: '/clusterDNS/2', value: '10.96.0.11' }, 'the parent of the path is not there'],
    [{ op: 'add', path: '/cgroupDriver/name', value: 'x' }, 'a value that has no fields'],
    [{ op: 'copy', from: '/cgroupDriver/length', path: '/maxPods' }, 'a value that has no fields'],
    [{ op: 'replace', path: '/clusterDNS/length', value: 1e8 }, 'elements of a list have numbers'],
    [{ op: 'copy', from: '/clusterDNS/map', path: '/map' }, 'elements of a list have numbers'],
    [{ op: 'replace', path: '/clusterDNS/-', value: 'x' }, 'there is no element after the last one'],
    [{ op: 'test', path: '/cgroupDriver', value: 'cgroupfs' }, 'the value there is another one'],
    [{ op: 'move', from: '/nowhere', path: '/somewhere' }, 'the path is not there'],
    [{ op: 'add', path: 'cgroupDriver', value: 'x' }, 'Invalid JSON Pointer'],
    [{ op: 'add', path: '/__proto__/polluted', value: true }, 'a property that no configuration has'],
    [{ op: 'add', path: '/toString/call', value: true }, 'a property that no configuration has'],
    [{ op: 'copy', from: '/hasOwnProperty', path: '/a' }, 'a property that no configuration has'],
    [{ op: 'replace', path: '/kind', value: 'Pod' }, 'apiVersion and kind cannot be changed'],
  ])('%j', (patch, why) => {
    const failing = () => apply(first, patch);

    expect(failing).toThrow(
      `spec.patches[1] (${patch.op} ${patch.path}) does not apply to the KubeletConfiguration`,
    );
    expect(failing).toThrow(why);
    expect(failing).toThrow(expect.objectContaining({ code: 'PatchFailed', phase: 'kubelet-config' }));
  });
});

test.each([
  ['nested deeper than 64 levels', nested(65)],
  ['nested deeper than 64 levels', nested(9000)],
  ['larger than 256 KiB', 'x'.repeat(300_000)],
])('a value is refused that is %s', (why, value) => {
  expect(() => apply({ op: 'add', path: '/value', value })).toThrow(why);
});

test('copies that double the document each time end at its limit, not at that of memory', () => {
  const doubling = Array.from({ length: 64 }, (_, index) => ({
    op: 'copy' as const,
    from: '',
    path: `/copy${index}`,
  }));

  expect(() => apply(...doubling)).toThrow(/nested deeper than 64 levels|larger than 256 KiB/);
});

test('no list of patches does anything but give a small document or say which patch is wrong', () => {
  const tokens = fc.constantFrom(
    ...['clusterDNS', 'cgroupDriver', 'kind', 'a', '', '-', '0', '1', '-1', '01', '~0', '~1', 'a~1b'],
    ...['length', 'push', 'map', 'toString', 'valueOf', 'call', '__proto__', 'constructor', 'prototype'],
  );
  const pointer = fc.array(tokens, { maxLength: 4 }).map((parts) => parts.map((part) => `/${part}`).join(''));
  const patch = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
      path: pointer,
      from: pointer,
      value: fc.jsonValue(),
    },
    { requiredKeys: ['op', 'path'] },
  );
  // Of prototypes and of their methods.
  const properties = () =>
    [Object.prototype, Array.prototype, Function.prototype].flatMap((shared) =>
      Object.entries(Object.getOwnPropertyDescriptors(shared)).map(([name, { value }]) => [
        name,
        typeof value === 'function' ? Object.getOwnPropertyNames(value) : undefined,
      ]),
    );
  const before = properties();

  fc.assert(
    fc.property(fc.array(patch, { maxLength: 64 }), (patches) => {
      try {
        expect(JSON.stringify(apply(...patches)).length).toBeLessThanOrEqual(262_144);
      } catch (error: unknown) {
        expect(error).toMatchObject({ code: 'PatchFailed' });
      }
    }),
    { numRuns: 1000 },
  );
  expect(properties()).toEqual(before);
});

function nested(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

function apply(...patches: readonly JsonPatchOperation[]): Configuration {
  return patched({ phase: 'kubelet-config', field: 'spec.patches', document }, patches);
}
