import type { Finding } from '../backend.ts';

interface Claims {
  readonly sub?: unknown;
  readonly exp?: unknown;
}

/** What a token says of itself, if it is a JWT (RFC 7519); only the server knows whether it is true. */
export function aboutToken(token: string, now: Date): Finding {
  const check = 'token';
  const claims = readClaims(token);
  if (!claims) return { check, result: 'ok', message: 'there is one; it says nothing of itself' };
  const subject = typeof claims.sub === 'string' ? `of ${claims.sub}` : 'of nobody by name';
  if (typeof claims.exp !== 'number') return { check, result: 'ok', message: subject };
  const until = new Date(claims.exp * 1_000);
  if (until > now) return { check, result: 'ok', message: `${subject}, until ${until.toISOString()}` };
  return {
    check,
    result: 'failed',
    message: `${subject}, ended at ${until.toISOString()}`,
    advice: 'Sign in again with `marina login`, or have `tokenCommand` make a new one.',
  };
}

function readClaims(token: string): Claims | undefined {
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as unknown;
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
