import { describe, expect, it } from '@jest/globals';

import { LEAF_LIFETIME, validityFrom } from './validity.ts';

const NOW = new Date('2030-01-01T00:00:00Z');

describe('a new validity', () => {
  it('begins five minutes ago, so that a clock that is late accepts it', () => {
    expect(validityFrom(NOW, LEAF_LIFETIME)).toEqual({
      notBefore: new Date('2029-12-31T23:55:00Z'),
      notAfter: new Date('2030-04-01T00:00:00Z'),
    });
  });

  it('does not outlive its issuer', () => {
    const notAfter = new Date('2030-01-02T00:00:00Z');
    expect(validityFrom(NOW, LEAF_LIFETIME, { notAfter }).notAfter).toEqual(notAfter);
    const later = { notAfter: new Date('2040-01-01T00:00:00Z') };
    expect(validityFrom(NOW, LEAF_LIFETIME, later)).toEqual(validityFrom(NOW, LEAF_LIFETIME));
  });
});
