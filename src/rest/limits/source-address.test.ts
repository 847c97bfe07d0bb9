import { describe, expect, it } from '@jest/globals';
import { networksOf } from './source-address.ts';

describe('networksOf', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.7']],
    ['::ffff:192.0.2.7', ['192.0.2.7']],
    ['::1', ['0:0:0:0::/64', '0:0:0:0::/56', '0:0:0::/48']],
    ['2001:db8:0:1:aaaa::1', ['2001:db8:0:1::/64', '2001:db8:0:0::/56', '2001:db8:0::/48']],
    ['2001:0DB8::1', ['2001:db8:0:0::/64', '2001:db8:0:0::/56', '2001:db8:0::/48']],
    ['2001:db8:1:beef:3:4:5:6', ['2001:db8:1:beef::/64', '2001:db8:1:be00::/56', '2001:db8:1::/48']],
    ['fe80::1:2:3:4%eth0', ['fe80:0:0:0::/64', 'fe80:0:0:0::/56', 'fe80:0:0::/48']],
    ['', ['']],
  ])('of %s are %j', (address, networks) => {
    expect(networksOf(address)).toEqual(networks);
  });
});
