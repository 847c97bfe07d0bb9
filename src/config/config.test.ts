import { describe, expect, it } from '@jest/globals';
import { loadEnvironment } from './config.ts';

describe('loadEnvironment', () => {
  it('has a default for everything that has one', () => {
    expect(loadEnvironment({})).toMatchObject({
      MARINA_TENANTS_NAMESPACE: 'marina-tenants',
      MARINA_RESYNC_SECONDS: 300,
    });
  });

  it('names every variable that is wrong', () => {
    const load = () => loadEnvironment({ MARINA_RESYNC_SECONDS: '1', MARINA_NODE_ADDRESS: 'a b' });

    expect(load).toThrow(
      /MARINA_RESYNC_SECONDS: .*\n.*MARINA_NODE_ADDRESS|MARINA_NODE_ADDRESS: .*\n.*MARINA_RESYNC_SECONDS/,
    );
  });

  it('wants a management database where the REST API is served', () => {
    const MARINA_DATABASE_URL = 'postgres://db/marina';

    expect(() => loadEnvironment({ MARINA_API_PORT: '8443' })).toThrow(/MARINA_DATABASE_URL: has to be set/);
    expect(loadEnvironment({ MARINA_API_PORT: '8443', MARINA_DATABASE_URL })).toMatchObject({
      MARINA_API_PORT: 8443,
    });
  });

  it('takes addresses and CIDRs of trusted proxies', () => {
    const of = (list: string) =>
      loadEnvironment({ MARINA_API_TRUSTED_PROXIES: list }).MARINA_API_TRUSTED_PROXIES;

    expect(of('')).toEqual([]);
    expect(of('10.0.0.0/8, 2001:db8::1')).toEqual(['10.0.0.0/8', '2001:db8::1']);
    expect(() => of('loadbalancer')).toThrow(/MARINA_API_TRUSTED_PROXIES/);
  });

  it('wants a certificate and its key together', () => {
    expect(() => loadEnvironment({ MARINA_API_TLS_CERT_FILE: '/tls.crt' })).toThrow(
      /MARINA_API_TLS_KEY_FILE/,
    );
  });
});
