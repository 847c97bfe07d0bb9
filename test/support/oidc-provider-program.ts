/** An OpenID provider (npm oidc-provider) in a process of its own: `node oidc-provider-program.ts settings.json`. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import type { OidcProviderSettings } from './oidc-provider.ts';

const { issuer, port, keys, users, client, machine, resource } = JSON.parse(
  await readFile(process.argv[2] ?? '', 'utf8'),
) as OidcProviderSettings;

const provider = new Provider(issuer, {
  clients: [
    { ...client, grant_types: ['authorization_code'], response_types: ['code'] },
    { ...machine, grant_types: ['client_credentials'], response_types: [], redirect_uris: [] },
  ],
  jwks: { keys },
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'email', 'email_verified', 'groups'] },
  cookies: { keys: ['of a test'] },
  findAccount: (_: unknown, id: string) =>
    users[id] && { accountId: id, claims: () => ({ sub: id, ...users[id] }) },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({ scope: '', audience: resource, accessTokenFormat: 'jwt' }),
    },
  },
});

createServer(provider.callback()).listen(port, '127.0.0.1');
