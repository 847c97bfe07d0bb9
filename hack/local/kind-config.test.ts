import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { describeCheckout } from './checkout.ts';
import { renderKindConfig } from './kind-config.ts';

const checkout = describeCheckout('/src/one');

function kubeletPatch(config: { readonly kubeadmConfigPatches: readonly string[] }): Record<string, unknown> {
  return parse(config.kubeadmConfigPatches[0] ?? '') as Record<string, unknown>;
}

describe('renderKindConfig', () => {
  it('publishes the API server on the port of the checkout, to this machine only', () => {
    const config = parse(renderKindConfig(checkout, 'podman'));

    expect(config.name).toBe(checkout.cluster);
    expect(config.networking.apiServerAddress).toBe('127.0.0.1');
    expect(config.networking.apiServerPort).toBe(checkout.apiServerPort);
  });

  it('tells the kubelet of a bare machine about its cgroups, and leaves an official node image alone', () => {
    const bare = parse(renderKindConfig(checkout, 'podman'));
    const official = parse(renderKindConfig(checkout, 'docker'));

    expect(kubeletPatch(bare)).toMatchObject({
      cgroupDriver: 'cgroupfs',
      failCgroupV1: false,
      oomScoreAdj: 0,
    });
    expect(kubeletPatch(official)).not.toHaveProperty('cgroupDriver');
    expect(bare.networking.disableDefaultCNI).toBe(true);
    expect(official.networking.disableDefaultCNI).toBe(false);
  });
});
