import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { renderKustomization } from './marina.ts';

describe('renderKustomization', () => {
  it('sets image and node address on the local overlay', () => {
    const kustomization = parse(renderKustomization('localhost/marina:4f2a', '10.160.7.2'));

    expect(kustomization.resources).toEqual(['../../manifests/overlays/local']);
    expect(kustomization.images).toEqual([{ name: 'localhost/marina', newTag: '4f2a' }]);
    const [container] = parse(kustomization.patches[0].patch).spec.template.spec.containers;
    expect(container.env).toEqual([{ name: 'MARINA_NODE_ADDRESS', value: '10.160.7.2' }]);
  });
});
