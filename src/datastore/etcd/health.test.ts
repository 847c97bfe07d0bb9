import { describe, expect, it } from '@jest/globals';
import { findFault, isAtLeast } from './health.ts';

describe('isAtLeast', () => {
  it.each(['3.7.1', '3.7.2', '3.7.10', '3.10.0', '4.0.0', '3.8.0-rc.0'])('takes %s', (version) => {
    expect(isAtLeast(version, '3.7.1')).toBe(true);
  });

  it.each(['3.7.0', '3.6.14', '3.5.33', '2.9.9', '3.7.1-rc.0', '3.7', '', 'unknown'])(
    'refuses %j',
    (version) => {
      expect(isAtLeast(version, '3.7.1')).toBe(false);
    },
  );
});

describe('findFault', () => {
  it('finds nothing in a current member without alarms', () => {
    expect(findFault({ version: '3.7.3', errors: [] }, true)).toBeUndefined();
  });

  it('says why an old etcd will not do, and from which version on it will', () => {
    expect(findFault({ version: '3.7.0', errors: [] }, true)).toMatch(
      /3\.7\.0 .*GHSA-xg4h-6gfc-h4m8.* upgrade to 3\.7\.1/,
    );
  });

  it.each([
    ['memberID:1 alarm:CORRUPT ', /corrupt .*replace this member/],
    ['memberID:1 alarm:NOSPACE ', /out of space/],
    ['etcdserver: no leader', /no leader/],
  ])('explains %s', (error, explanation) => {
    expect(findFault({ version: '3.7.3', errors: [error] }, true)).toMatch(explanation);
  });
});
