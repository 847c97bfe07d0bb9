import { describe, expect, it } from '@jest/globals';
import type { Config } from './config-file.ts';
import { chooseTarget, readServer } from './target.ts';

const config: Config = {
  currentProfile: 'prod',
  profiles: {
    prod: { server: 'https://prod.example', tokenFile: '/t/prod', caFile: '/ca/prod', namespace: 'team-p' },
    stage: { server: 'https://stage.example', tokenCommand: ['print', 'token'] },
    direct: { kubeconfig: '/k', context: 'admin' },
  },
};
const nothing: Config = { profiles: {} };

describe('where a command goes', () => {
  it('is the profile in use, with all that it has', () => {
    expect(chooseTarget({}, {}, config)).toEqual({
      way: 'rest',
      server: 'https://prod.example',
      token: { kind: 'file', file: '/t/prod' },
      caFile: '/ca/prod',
      namespace: 'team-p',
      origin: 'profile prod',
    });
  });

  it('is a profile that was asked for, by flag before environment', () => {
    expect(chooseTarget({ profile: 'stage' }, { MARINA_PROFILE: 'direct' }, config)).toMatchObject({
      server: 'https://stage.example',
      token: { kind: 'command', command: ['print', 'token'] },
      namespace: 'default',
    });
    expect(chooseTarget({}, { MARINA_PROFILE: 'direct', MARINA_SERVER: 'https://e' }, config)).toMatchObject({
      way: 'straight',
      kubeconfig: '/k',
      context: 'admin',
    });
  });

  it('is the flag before the environment before the profile', () => {
    const environment = {
      MARINA_SERVER: 'https://env.example',
      MARINA_TOKEN: 'e',
      MARINA_NAMESPACE: 'team-e',
    };
    expect(chooseTarget({}, environment, config)).toMatchObject({
      server: 'https://env.example',
      token: { kind: 'text', token: 'e' },
      namespace: 'team-e',
    });
    const flags = { server: 'https://flag.example/', tokenFile: '/f', namespace: 'team-f' };
    expect(chooseTarget(flags, environment, config)).toMatchObject({
      server: 'https://flag.example',
      token: { kind: 'file', file: '/f' },
      namespace: 'team-f',
    });
  });

  it('is never sent the token of another place', () => {
    expect(chooseTarget({ server: 'https://other.example' }, {}, config)).toMatchObject({
      token: undefined,
      caFile: undefined,
    });
  });

  it('is straight to a cluster by kubeconfig or context, and for a plug-in of kubectl by default', () => {
    expect(chooseTarget({ context: 'x' }, { MARINA_SERVER: 'https://e' }, config)).toMatchObject({
      way: 'straight',
      context: 'x',
      namespace: undefined,
    });
    expect(chooseTarget({}, {}, nothing, true)).toMatchObject({ way: 'straight', kubeconfig: undefined });
    expect(chooseTarget({}, {}, config, true)).toMatchObject({ way: 'rest' });
  });

  it.each([
    ['two ways', { server: 'https://a', kubeconfig: '/k' }, /give one/],
    ['a profile that there is not', { profile: 'toString' }, /no profile toString/],
    ['no address', { server: 'marina' }, /no address/],
  ])('is not %s', (_, flags, message) => {
    expect(() => chooseTarget(flags, {}, config)).toThrow(message);
  });

  it('is asked for where nothing says it', () => {
    expect(() => chooseTarget({}, { MARINA_SERVER: '' }, nothing)).toThrow(
      expect.objectContaining({ code: 'usage', advice: expect.stringContaining('marina login') }),
    );
  });
});

it.each(['http://marina.example', 'http://10.0.0.1:8080', 'http://localhost.example'])(
  'a token is not sent in the clear to %s',
  (server) => {
    expect(() => readServer(server, 'a test')).toThrow(/in the clear/);
  },
);

it.each([
  'http://127.0.0.1:8080',
  'http://[::1]:8080',
  'http://marina.marina-system.svc',
  'https://x/prefix',
])('a token is sent to %s', (server) => {
  expect(readServer(server, 'a test')).toBe(server);
});
