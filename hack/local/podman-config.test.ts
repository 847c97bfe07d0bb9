import { describe, expect, it } from '@jest/globals';
import { describeCheckout } from './checkout.ts';
import { readImageStores, renderContainersConf, renderNetwork, renderStorageConf } from './podman-config.ts';

const checkout = describeCheckout('/src/marina "x"');

describe('podman configuration of a checkout', () => {
  it('keeps all state in the checkout, and sockets where paths are short', () => {
    const text = renderContainersConf(checkout) + renderStorageConf(checkout, ['/cache/store']);

    const paths = [...text.matchAll(/^(\w+) = "(\/(?:[^"\\]|\\.)*)"$/gm)];
    expect(paths.map((match) => match[1])).toEqual([
      'tmp_dir',
      'static_dir',
      'volume_path',
      'network_config_dir',
      'graphroot',
      'runroot',
    ]);
    for (const [, , value = ''] of paths) {
      expect(value).toMatch(/^\/src\/marina \\"x\\"\/\.marina\/|^\/run\/marina\/[0-9a-f]{8}\//);
    }
    expect(text).toContain('additionalimagestores = ["/cache/store"]');
  });

  it('remembers the image stores that running containers may need', () => {
    expect(readImageStores(renderStorageConf(checkout, ['/cache/new', '/cache/"old"']))).toEqual([
      '/cache/new',
      '/cache/"old"',
    ]);
    expect(readImageStores(renderStorageConf(checkout, []))).toEqual([]);
    expect(readImageStores('')).toEqual([]);
  });

  it('names the bridge after the checkout and puts it on the subnet of the checkout', () => {
    const network = JSON.parse(renderNetwork(checkout)) as Record<string, unknown>;

    expect(network['network_interface']).toBe(checkout.network);
    expect(network['subnets']).toEqual([{ subnet: checkout.subnet.cidr, gateway: checkout.subnet.gateway }]);
    expect(network['labels']).toEqual({ 'marina.dev/checkout': checkout.id });
  });
});
