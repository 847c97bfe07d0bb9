import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { freePort } from './ports.ts';
import { type RunningProcess, startProcess, waitUntilReady } from './processes.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

interface Client {
  readonly client_id: string;
  readonly client_secret: string;
}

export interface OidcProviderSettings {
  readonly issuer: string;
  readonly port: number;
  /** Private keys that it signs with, the first one first. */
  readonly keys: readonly JWK[];
  /** Claims by subject. */
  readonly users: Readonly<Record<string, object>>;
  /** What people sign in to. */
  readonly client: Client & { readonly redirect_uris: readonly string[] };
  /** What comes by itself. */
  readonly machine: Client;
  /** Audience of access tokens. */
  readonly resource: string;
}

export interface OidcProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly clientId: string;
  readonly machineId: string;
  readonly resource: string;
  /** The ID token of a user who signs in with a browser, by way of the authorization code flow. */
  signIn(user: string): Promise<string>;
  /** An access token (RFC 9068) of the machine, by client credentials. */
  machineToken(): Promise<string>;
  stop(): Promise<void>;
  /** Starts again at the same address, with these keys instead. */
  restart(keys: readonly JWK[]): Promise<void>;
}

/** A private key for RS256. */
export async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' };
}

/** A real OpenID provider over HTTP on loopback. */
export async function startOidcProvider({
  keys,
  users,
}: Pick<OidcProviderSettings, 'keys' | 'users'>): Promise<OidcProvider> {
  await using started = new AsyncDisposableStack();
  const directory = started.use(await createTemporaryDirectory('oidc-provider'));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const settings: OidcProviderSettings = {
    issuer,
    port,
    keys,
    users,
    client: { client_id: 'marina', client_secret: randomUUID(), redirect_uris: [`${issuer}/here`] },
    machine: { client_id: 'pipeline', client_secret: randomUUID() },
    resource: 'https://marina.example',
  };
  let running: RunningProcess | undefined = await start(directory.path, settings);
  started.defer(() => running?.stop());
  const moved = started.move();
  const stop = async () => {
    await running?.stop();
    running = undefined;
  };
  return {
    issuer,
    clientId: settings.client.client_id,
    machineId: settings.machine.client_id,
    resource: settings.resource,
    signIn: (user) => signIn(settings, user),
    machineToken: () => machineToken(settings),
    stop,
    restart: async (other) => {
      await stop();
      running = await start(directory.path, { ...settings, keys: other });
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function start(directory: string, settings: OidcProviderSettings): Promise<RunningProcess> {
  const file = path.join(directory, 'settings.json');
  await writeFile(file, JSON.stringify(settings));
  const server = await startProcess({
    command: process.execPath,
    args: [path.join(import.meta.dirname, 'oidc-provider-program.ts'), file],
    logFile: path.join(directory, 'provider.log'),
  });
  await waitUntilReady(server, 'oidc-provider', () =>
    fetch(`${settings.issuer}/jwks`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return server;
}

async function signIn({ issuer, client }: OidcProviderSettings, user: string): Promise<string> {
  const browser = new Browser();
  const [redirectUri = ''] = client.redirect_uris;
  const asked = {
    response_type: 'code',
    scope: 'openid',
    client_id: client.client_id,
    redirect_uri: redirectUri,
  };
  let page = await browser.follow(`${issuer}/auth?${new URLSearchParams(asked).toString()}`, redirectUri);
  page = await browser.follow(page, redirectUri, { prompt: 'login', login: user, password: 'any' });
  page = await browser.follow(page, redirectUri, { prompt: 'consent' });
  const code = new URL(page).searchParams.get('code') ?? '';
  const { id_token: token } = await tokens(issuer, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
  });
  if (token === undefined) throw new Error(`${user} got no ID token`);
  return token;
}

async function machineToken({ issuer, machine, resource }: OidcProviderSettings): Promise<string> {
  const { access_token: token } = await tokens(issuer, machine, {
    grant_type: 'client_credentials',
    resource,
  });
  if (token === undefined) throw new Error('the machine got no access token');
  return token;
}

async function tokens(
  issuer: string,
  { client_id: id, client_secret: secret }: Client,
  body: Record<string, string>,
): Promise<Record<string, string | undefined>> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams(body),
  });
  if (!response.ok) throw new Error(`the provider answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, string | undefined>;
}

/** Keeps cookies and follows redirections, as a browser does. */
class Browser {
  private readonly cookies = new Map<string, string>();

  /** The address of the page where it ends: one that is no redirection, or begins with `end`. */
  async follow(address: string, end: string, form?: Record<string, string>): Promise<string> {
    let at = address;
    let body = form;
    for (let step = 0; step < 10 && !at.startsWith(end); step += 1) {
      const response = await fetch(at, {
        redirect: 'manual',
        headers: { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body && { method: 'POST', body: new URLSearchParams(body) }),
      });
      await response.text();
      body = undefined;
      for (const cookie of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        this.cookies.set(name, value);
      }
      const location = response.headers.get('location');
      if (location === null) return at;
      at = new URL(location, at).href;
    }
    return at;
  }
}
