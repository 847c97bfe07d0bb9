import { describe, expect, it } from '@jest/globals';
import { makeAuthority, makeLeaf } from '../../../test/support/pki.ts';
import { parseEndpoint, roleOf } from './connect.ts';

describe('parseEndpoint', () => {
  it.each([
    ['postgres.stores.svc:5433', { host: 'postgres.stores.svc', port: 5433 }],
    ['10.0.0.1:5432', { host: '10.0.0.1', port: 5432 }],
    ['[fd00::1]:5432', { host: 'fd00::1', port: 5432 }],
    ['postgres', { host: 'postgres', port: 5432 }],
  ])('%s', (endpoint, expected) => {
    expect(parseEndpoint(endpoint)).toEqual(expected);
  });
});

it('a certificate names the role', async () => {
  const { certificate } = await makeLeaf(await makeAuthority(), { subject: { commonName: 'marina-root' } });
  expect(roleOf(certificate)).toBe('marina-root');
});
