import { describe, expect, it } from '@jest/globals';
import { judgeClaims } from './claims.ts';
import { type OidcConfiguration, parseOidcConfiguration } from './configuration.ts';

type Changes = Partial<Pick<OidcConfiguration, 'claimMappings' | 'claimValidationRules'>>;

function issuer(changes: Changes = {}): OidcConfiguration {
  return {
    issuer: { url: 'https://id.example', audiences: ['marina'] },
    claimMappings: {
      username: { claim: 'sub', prefix: 'people:' },
      groups: { claim: 'groups', prefix: 'teams:' },
      uid: { claim: 'oid' },
    },
    claimValidationRules: [],
    ...changes,
  };
}

describe('claims', () => {
  it('name a user, their groups and their uid', () => {
    expect(judgeClaims({ sub: 'ada', groups: ['ops', 'dev'], oid: '7', jti: 'x' }, issuer())).toEqual({
      identity: {
        authenticator: 'OIDC',
        username: 'people:ada',
        uid: '7',
        groups: ['teams:ops', 'teams:dev'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=x'] },
      },
    });
  });

  it.each<[string, unknown, readonly string[]]>([
    ['one group', 'ops', ['teams:ops']],
    ['no groups', undefined, []],
    ['nothing', null, []],
  ])('may have %s', (_, groups, names) => {
    expect(judgeClaims({ sub: 'ada', oid: '7', groups }, issuer())).toMatchObject({
      identity: { groups: names },
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['have no name', { oid: '7' }],
    ['have an empty name', { sub: '', oid: '7' }],
    ['have a name that is none', { sub: { name: 'ada' }, oid: '7' }],
    ['have groups that are none', { sub: 'ada', oid: '7', groups: [['ops']] }],
    ['have an empty group', { sub: 'ada', oid: '7', groups: ['ops', ''] }],
    ['have no uid', { sub: 'ada' }],
  ])('that %s are refused', (_, claims) => {
    expect(judgeClaims(claims, issuer())).toEqual({ refusal: expect.any(String) });
  });

  it.each<[string, Record<string, unknown>]>([
    ['user', { sub: 'tem:admin' }],
    ['group', { sub: 'ada', groups: ['ops', 'tem:masters'] }],
  ])('never become a %s of the platform’s, even by way of a prefix', (_, claims) => {
    const claimMappings = {
      username: { claim: 'sub', prefix: 'sys' },
      groups: { claim: 'groups', prefix: 'sys' },
    };

    expect(judgeClaims(claims, issuer({ claimMappings }))).toEqual({
      refusal: expect.stringContaining('system:'),
    });
  });

  it.each<[unknown, boolean]>([
    [true, true],
    [false, false],
    ['true', false],
    [undefined, false],
  ])('with an email whose email_verified is %p name somebody: %p', (verified, isGood) => {
    const claimMappings = { username: { claim: 'email', prefix: 'people:' } };
    const claims = { email: 'ada@example.com', email_verified: verified };

    expect('identity' in judgeClaims(claims, issuer({ claimMappings }))).toBe(isGood);
  });

  it('have to have the values that are required', () => {
    const rules = issuer({ claimValidationRules: [{ claim: 'hd', requiredValue: 'example.com' }] });

    expect(judgeClaims({ sub: 'ada', oid: '7', hd: 'example.com' }, rules)).toHaveProperty('identity');
    expect(judgeClaims({ sub: 'ada', oid: '7', hd: 'example.org' }, rules)).toHaveProperty('refusal');
    expect(judgeClaims({ sub: 'ada', oid: '7' }, rules)).toHaveProperty('refusal');
  });
});

describe('the configuration of OIDC', () => {
  const entry = (changes: object = {}) => ({
    issuer: { url: 'https://id.example', audiences: ['marina'] },
    claimMappings: { username: { claim: 'sub', prefix: 'people:' } },
    ...changes,
  });
  const parse = (...entries: readonly object[]) => parseOidcConfiguration(JSON.stringify(entries));
  const at = (url: string) => ({ issuer: { url, audiences: ['marina'] } });
  const named = (prefix: unknown) => ({ claimMappings: { username: { claim: 'sub', prefix } } });

  it('is taken as JSON and as YAML', () => {
    const yaml = `
- issuer: { url: https://id.example, audiences: [marina] }
  claimMappings: { username: { claim: sub, prefix: 'people:' } }`;

    expect(parseOidcConfiguration(yaml)).toEqual(parse(entry()));
    expect(parseOidcConfiguration('')).toEqual([]);
  });

  it.each(['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:80', 'https://id.example/realms/a'])(
    'may name %s',
    (url) => {
      expect(parse(entry(at(url)))).toHaveLength(1);
    },
  );

  it.each<[string, readonly object[], string]>([
    ['a provider without TLS', [entry(at('http://id.example'))], '[0].issuer.url'],
    ['a provider that looks like loopback', [entry(at('http://127.0.0.1.example'))], '[0].issuer.url'],
    ['a URL with a query', [entry(at('https://id.example?x=1'))], '[0].issuer.url'],
    [
      'no audience',
      [entry({ issuer: { url: 'https://id.example', audiences: [] } })],
      '[0].issuer.audiences',
    ],
    [
      'an authority that is none',
      [entry({ issuer: { url: 'https://id.example', audiences: ['m'], certificateAuthority: 'x' } })],
      '[0].issuer.certificateAuthority',
    ],
    ['no prefix', [entry(named(undefined))], '[0].claimMappings.username.prefix'],
    ['an empty prefix', [entry(named(''))], '[0].claimMappings.username.prefix'],
    ['the platform’s prefix', [entry(named('system:x:'))], '[0].claimMappings.username.prefix'],
    ['what it does not know', [entry({ claimMapping: {} })], 'claimMapping'],
    ['one issuer twice', [entry(), entry(named('others:'))], '[1].issuer.url'],
    [
      'a prefix that begins with another',
      [entry(), entry({ ...at('https://other.example'), ...named('people:of:other:') })],
      '[1].claimMappings.username.prefix',
    ],
  ])('is refused with %s, and it is said where', (_, entries, where) => {
    expect(() => parse(...entries)).toThrow(where);
  });
});
