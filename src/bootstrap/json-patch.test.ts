import { describe, expect, test } from '@jest/globals';

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
    [{ op: 'add', path: '/cgroupDriver/name', value: 'x' }, 'Cannot create property'],
    [{ op: 'replace', path: '/clusterDNS/-', value: 'x' }, 'there is no element after the last one'],
    [{ op: 'test', path: '/cgroupDriver', value: 'cgroupfs' }, 'the value there is another one'],
    [{ op: 'move', from: '/nowhere', path: '/somewhere' }, 'the path is not there'],
    [{ op: 'add', path: 'cgroupDriver', value: 'x' }, 'Invalid JSON Pointer'],
    [{ op: 'add', path: '/__proto__/polluted', value: true }, 'a property that no configuration has'],
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

function apply(...patches: readonly JsonPatchOperation[]): Configuration {
  return patched({ phase: 'kubelet-config', field: 'spec.patches', document }, patches);
}
