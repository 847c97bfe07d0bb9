import { describe, expect, it } from '@jest/globals';
import { describeCheckout } from './checkout.ts';

describe('describeCheckout', () => {
  it('gives the same path the same identity and another path another', () => {
    const one = describeCheckout('/src/one');

    expect(describeCheckout('/src/one')).toEqual(one);
    const two = describeCheckout('/src/two');
    expect(two.cluster).not.toBe(one.cluster);
    expect(two.subnet).not.toEqual(one.subnet);
    expect(two.apiServerPort).not.toBe(one.apiServerPort);
  });

  it('stays within what the kernel and the neighbours allow, whatever the path', () => {
    for (let index = 0; index < 500; index++) {
      const checkout = describeCheckout(`/home/user-${index}/marina`);

      expect(checkout.network.length).toBeLessThanOrEqual(15);
      expect(checkout.runDirectory.length).toBeLessThanOrEqual(50);
      expect(checkout.apiServerPort).toBeGreaterThanOrEqual(20_000);
      expect(checkout.apiServerPort).toBeLessThan(30_000);
      const [first, second] = checkout.subnet.cidr.split('.').map(Number);
      expect(first).toBe(10);
      expect(second).toBeGreaterThanOrEqual(150);
      expect(second).toBeLessThanOrEqual(199);
    }
  });

  it('takes subnet and port from the environment, and refuses what is neither', () => {
    const checkout = describeCheckout('/src/one', {
      MARINA_SUBNET: '10.160.7.0/24',
      MARINA_MANAGEMENT_PORT: '21000',
    });

    expect(checkout.subnet).toEqual({ cidr: '10.160.7.0/24', gateway: '10.160.7.1' });
    expect(checkout.apiServerPort).toBe(21_000);
    expect(() => describeCheckout('/src/one', { MARINA_SUBNET: '10.160.0.0/16' })).toThrow('10.160.0.0/16');
    expect(() => describeCheckout('/src/one', { MARINA_MANAGEMENT_PORT: 'many' })).toThrow('many');
  });
});
