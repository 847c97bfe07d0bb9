import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { authentication } from './authentication/authentication.ts';
import { OidcIssuers } from './authentication/oidc/issuers.ts';
import { TokenReviews } from './authentication/token-reviews.ts';
import { Tokens } from './authentication/tokens.ts';
import { Limits } from './limits/limits.ts';
import { defaultLimits, type LimitSettings } from './limits/settings.ts';
import { requestId } from './request-id.ts';
import { RestModule, type RestSurroundings } from './rest.module.ts';
import { answerTimeout } from './transport/answer-timeout.ts';
import { onlyRoutes } from './transport/routes.ts';
import { securityHeaders } from './transport/security-headers.ts';
import { defaultTimeouts, type Timeouts } from './transport/server-options.ts';
import { ServerAdapter } from './transport/server.adapter.ts';
import { type TlsFileNames, TlsFiles } from './transport/tls-files.ts';

const largestBody = '256kb';
const defaultPatienceMs = 20_000;

/** To the management cluster's API server, at once: with fewer than requests are under way, they wait for each other and not for it. */
export const managementConnections = 128;

/** How it is served. */
export interface RestSettings {
  readonly limits?: LimitSettings;
  /** Issuers of OIDC tokens; left out: there are none. */
  readonly oidcFile?: string | undefined;
  /** Left out: plain HTTP. */
  readonly tls?: TlsFileNames | undefined;
  /** Addresses and CIDRs whose X-Forwarded-* headers are believed. */
  readonly trustedProxies?: readonly string[];
  /** Milliseconds that requests under way have when the API ends, default 20,000. */
  readonly patienceMs?: number;
  readonly timeouts?: Timeouts;
}

export interface RestOptions extends RestSurroundings, RestSettings {}

/** The REST API, not listening yet. Rejects with an Error when a file is not as it should be. */
export async function createRest(options: RestOptions): Promise<NestExpressApplication> {
  const { client, clock, log, oidcFile, tls, timeouts = defaultTimeouts } = options;
  const oidc =
    oidcFile === undefined
      ? OidcIssuers.none({ clock, log })
      : await OidcIssuers.read(oidcFile, { clock, log });
  const adapter = new ServerAdapter({
    patienceMs: options.patienceMs ?? defaultPatienceMs,
    ...(tls && { tls: new TlsFiles(tls, log) }),
    timeouts,
    onClose: () => oidc.close(),
  });
  const app = await NestFactory.create<NestExpressApplication>(RestModule.with(options), adapter, {
    bodyParser: false,
    logger: false,
  });
  const limits = new Limits(options.limits ?? defaultLimits);
  const tokens = new Tokens(oidc, new TokenReviews(client, clock));
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('trust proxy', options.trustedProxies ?? []);
  app.use(
    adapter.drain.watch,
    answerTimeout(clock, timeouts.answerTimeout),
    requestId,
    securityHeaders,
    limits.ofEverybody,
    onlyRoutes(adapter.getInstance()),
    authentication(tokens, limits),
    limits.ofUser,
  );
  app.useBodyParser('json', {
    limit: largestBody,
    type: ['application/json', 'application/merge-patch+json'],
  });
  await app.init();
  return app;
}
