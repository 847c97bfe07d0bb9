import { createHmac } from 'node:crypto';
import { rename, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { Judgement } from '../../src/rest/authentication/identity.ts';
import { OidcIssuers } from '../../src/rest/authentication/oidc/issuers.ts';
import { type OidcProvider, signingKey, startOidcProvider } from '../support/oidc-provider.ts';
import { createTemporaryDirectory } from '../support/temporary-directory.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const users = {
  ada: { email: 'ada@example.com', email_verified: true, groups: ['ops', 'system:masters'] },
  eve: { email: 'ada@example.com', email_verified: false },
};

const started = new AsyncDisposableStack();
let key: JWK;
let provider: OidcProvider;

beforeAll(async () => {
  key = await signingKey('one');
  provider = started.use(await startOidcProvider({ keys: [key], users }));
});

afterAll(() => started.disposeAsync());

/** Time that can be moved on. */
function movableClock() {
  let aheadMs = 0;
  return {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    move: (ms: number) => void (aheadMs += ms),
  };
}

interface Trust {
  readonly issuer?: string;
  readonly username?: { readonly claim: string; readonly prefix: string };
  readonly clock?: typeof systemClock;
}

/** What Marina makes of tokens of one issuer. */
async function trust({ issuer = provider.issuer, username, clock = systemClock }: Trust = {}) {
  const own = await createTemporaryDirectory('oidc-file');
  const file = path.join(own.path, 'oidc.json');
  await writeFile(file, configuration(issuer, username));
  const issuers = await OidcIssuers.read(file, { clock, log: silentLog });
  const judge = async (token: string): Promise<Judgement | undefined> =>
    issuers.issuerOf(token)?.judge(token);
  const dispose = async () => {
    await issuers.close();
    await own.remove();
  };
  return { file, judge, [Symbol.asyncDispose]: dispose };
}

function configuration(issuer: string, username = { claim: 'sub', prefix: 'people:' }): string {
  return JSON.stringify([
    {
      issuer: { url: issuer, audiences: ['marina', 'https://marina.example'] },
      claimMappings: { username, groups: { claim: 'groups', prefix: 'teams:' } },
    },
  ]);
}

const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;

/** A token as the issuer makes them, but for what is said here. */
async function forge(
  claims: JWTPayload = {},
  { header = {}, signer = key }: { readonly header?: object; readonly signer?: JWK } = {},
): Promise<string> {
  const { iss = provider.issuer, aud = 'marina', sub = 'ada', exp = inAnHour(), ...others } = claims;
  return await new SignJWT({ iss, aud, sub, exp, ...others })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
    .sign(await importJWK(signer, 'RS256'), { crit: { tenant: true } });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('tokens of an OpenID provider', () => {
  it('say who signed in', async () => {
    await using oidc = await trust();

    expect(await oidc.judge(await provider.signIn('ada'))).toEqual({
      identity: {
        authenticator: 'OIDC',
        username: 'people:ada',
        groups: ['teams:ops', 'teams:system:masters'],
        extra: {},
      },
    });
  });

  it('say which machine it is', async () => {
    await using oidc = await trust();

    expect(await oidc.judge(await provider.machineToken())).toMatchObject({
      identity: { username: 'people:pipeline', groups: [] },
    });
  });

  it('name nobody by an email that is not verified', async () => {
    await using oidc = await trust({ username: { claim: 'email', prefix: 'people:' } });

    expect(await oidc.judge(await provider.signIn('eve'))).toEqual({
      refusal: expect.stringContaining('verified'),
    });
    expect(await oidc.judge(await provider.signIn('ada'))).toMatchObject({
      identity: { username: 'people:ada@example.com' },
    });
  });

  it('are left to others when their issuer is not configured', async () => {
    await using oidc = await trust();

    expect(await oidc.judge(await forge({ iss: 'https://elsewhere.example' }))).toBeUndefined();
    expect(await oidc.judge('nonsense')).toBeUndefined();
  });
});

describe('a token', () => {
  const anHourAgo = () => inAnHour() - 7_200;

  it('that the test makes itself is good, so that each of the others is refused for its own fault', async () => {
    await using oidc = await trust();

    expect(await oidc.judge(await forge())).toMatchObject({ identity: { username: 'people:ada' } });
  });

  it.each<[string, () => Promise<string>]>([
    ['has ended', () => forge({ exp: anHourAgo() })],
    ['is not good yet', () => forge({ nbf: inAnHour() })],
    ['is for somebody else', () => forge({ aud: 'another-client' })],
    ['names nobody', () => forge({ sub: '' })],
    ['is a logout token', () => forge({}, { header: { typ: 'logout+jwt' } })],
    [
      'has a header that has to be understood',
      () => forge({}, { header: { crit: ['tenant'], tenant: 'a' } }),
    ],
    ['is signed by another key of the same name', async () => forge({}, { signer: await signingKey('one') })],
    [
      'says where its key is',
      async () => {
        const own = await signingKey('one');
        return forge(
          {},
          {
            signer: own,
            header: { jwk: publicPart(own), jku: `${provider.issuer}/jwks`, x5u: 'https://x.example' },
          },
        );
      },
    ],
    [
      'never ends',
      async () =>
        new SignJWT({ iss: provider.issuer, aud: 'marina', sub: 'ada' })
          .setProtectedHeader({ alg: 'RS256', kid: 'one' })
          .sign(await importJWK(key, 'RS256')),
    ],
    [
      'is not signed',
      async () => {
        const [, claims] = (await forge()).split('.');
        return `${encode({ alg: 'none', kid: 'one' })}.${claims}.`;
      },
    ],
    [
      'is signed by the public key as if it were a secret',
      async () => {
        const { n, e } = key;
        const [, claims] = (await forge()).split('.');
        const text = `${encode({ alg: 'HS256', kid: 'one' })}.${claims}`;
        const secret = JSON.stringify({ kty: 'RSA', n, e });
        return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
      },
    ],
    [
      'was changed',
      async () => {
        const [header, claims = '', signature] = (await forge()).split('.');
        const { sub: _, ...others } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as JWTPayload;
        return [header, encode({ sub: 'root', ...others }), signature].join('.');
      },
    ],
  ])('that %s is refused', async (_, make) => {
    await using oidc = await trust();

    expect(await oidc.judge(await make())).toEqual({ refusal: expect.any(String) });
  });

  it('of another issuer whose key has the same name is that issuer’s only', async () => {
    const other = await startOidcProvider({ keys: [await signingKey('one')], users });
    await using _ = other;
    await using oidc = await trust({ issuer: other.issuer });

    expect(await oidc.judge(await other.signIn('ada'))).toMatchObject({
      identity: { username: 'people:ada' },
    });
    expect(await oidc.judge(await forge({ iss: other.issuer }))).toEqual({ refusal: expect.any(String) });
  });
});

describe('a provider', () => {
  it('that changes its key is followed, and the old key is good no more', async () => {
    await using own = await startOidcProvider({ keys: [key], users });
    const clock = movableClock();
    await using oidc = await trust({ issuer: own.issuer, clock });
    const old = await own.signIn('ada');
    expect(await oidc.judge(old)).toHaveProperty('identity');

    await own.restart([await signingKey('two')]);
    const fresh = await own.signIn('ada');
    expect(await oidc.judge(fresh)).toHaveProperty('refusal');
    clock.move(11_000);

    expect(await oidc.judge(fresh)).toHaveProperty('identity');
    expect(await oidc.judge(old)).toHaveProperty('refusal');
  });

  it('that takes a key out is believed, though no new one is ever seen', async () => {
    await using own = await startOidcProvider({ keys: [key], users });
    const clock = movableClock();
    await using oidc = await trust({ issuer: own.issuer, clock });
    const old = await own.signIn('ada');
    expect(await oidc.judge(old)).toHaveProperty('identity');

    await own.restart([await signingKey('two')]);
    clock.move(601_000);

    expect(await oidc.judge(old)).toHaveProperty('refusal');
  });

  it('that is down leaves those with a known key alone; others come again later', async () => {
    await using own = await startOidcProvider({ keys: [key], users });
    const clock = movableClock();
    await using oidc = await trust({ issuer: own.issuer, clock });
    const token = await own.signIn('ada');
    await oidc.judge(token);

    await own.stop();
    clock.move(3_600_000);

    expect(await oidc.judge(token)).toHaveProperty('identity');
    const other = await forge(
      { iss: own.issuer },
      { signer: await signingKey('two'), header: { kid: 'two' } },
    );
    await expect(oidc.judge(other)).rejects.toMatchObject({
      code: 'Unavailable',
      retryAfterSeconds: expect.any(Number),
    });
    expect(await oidc.judge(token)).toHaveProperty('identity');
  });

  it('is not asked again for each token with a key that it has not', async () => {
    let asked = 0;
    const publicKey = publicPart(key);
    await using server = await answering(({ url }, response) => {
      asked += 1;
      response.end(JSON.stringify(url === '/keys' ? { keys: [publicKey] } : server.discovery));
    });
    await using oidc = await trust({ issuer: server.issuer });

    for (let attempt = 0; attempt < 20; attempt += 1) {
      const token = await forge({ iss: server.issuer }, { header: { kid: `unknown-${attempt}` } });
      expect(await oidc.judge(token)).toHaveProperty('refusal');
    }

    expect(asked).toBe(2);
  });

  it.each<[string, (server: Answering) => RequestListener]>([
    [
      'says that it is another',
      ({ discovery }) =>
        (_, response) =>
          response.end(JSON.stringify({ ...discovery, issuer: 'https://elsewhere.example' })),
    ],
    [
      'has its keys on the network without TLS',
      ({ discovery }) =>
        (_, response) =>
          response.end(JSON.stringify({ ...discovery, jwks_uri: 'http://192.0.2.1/keys' })),
    ],
    ['sends elsewhere', () => (_, response) => response.writeHead(302, { location: provider.issuer }).end()],
    [
      'never ends its answer',
      () => (_, response) => {
        const more = () => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        };
        response.on('drain', more);
        more();
      },
    ],
    [
      'has keys without end',
      ({ discovery }) =>
        ({ url }, response) => {
          const keys = Array.from({ length: 101 }, () => key);
          response.end(JSON.stringify(url === '/keys' ? { keys } : discovery));
        },
    ],
  ])('that %s is not believed', async (_, answer) => {
    await using server = await answering((request, response) => answer(server)(request, response));
    await using oidc = await trust({ issuer: server.issuer });

    await expect(oidc.judge(await forge({ iss: server.issuer }))).rejects.toMatchObject({
      code: 'Unavailable',
    });
  });
});

describe('the file of issuers', () => {
  it('is read again when it is swapped as mounted ConfigMaps are, and what is wrong is not taken', async () => {
    await using oidc = await trust();
    const token = await forge();
    const usernameIs = (username: string) => async () => {
      const judgement = await oidc.judge(token);
      return judgement && 'identity' in judgement && judgement.identity.username === username;
    };
    const swap = async (name: string, text: string) => {
      await writeFile(`${oidc.file}.${name}`, text);
      await symlink(`${oidc.file}.${name}`, `${oidc.file}.link`);
      await rename(`${oidc.file}.link`, oidc.file);
    };

    await swap('second', configuration(provider.issuer, { claim: 'sub', prefix: 'staff:' }));
    await waitUntil('the second is read', usernameIs('staff:ada'));
    await swap('wrong', configuration(provider.issuer, { claim: 'sub', prefix: '' }));
    await swap('third', configuration(provider.issuer, { claim: 'sub', prefix: 'crew:' }));

    await waitUntil('the third is read', usernameIs('crew:ada'));
  });
});

interface Answering extends AsyncDisposable {
  readonly issuer: string;
  readonly discovery: object;
}

/** A provider that answers as a test says. */
async function answering(listener: RequestListener): Promise<Answering> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    discovery: { issuer, jwks_uri: `${issuer}/keys` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function publicPart({ kid, alg, n, e, kty }: JWK): JWK {
  return { kid, alg, n, e, kty };
}
