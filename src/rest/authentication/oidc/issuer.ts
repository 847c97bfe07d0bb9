import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Clock } from '../../../engine/clock.ts';
import type { Log } from '../../../engine/log.ts';
import type { Authenticator, Judgement } from '../identity.ts';
import { judgeClaims } from './claims.ts';
import type { OidcConfiguration } from './configuration.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { Provider } from './provider.ts';

/** Signatures by a key that only the issuer has. `none`, and those by a shared secret (HS*), are none. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** ID and access tokens (RFC 9068); not what an issuer signs for other ends, such as logout tokens (RFC 8725, section 3.11). */
const types = ['jwt', 'at+jwt'];
/** Seconds by which clocks may differ. */
const clockSkew = 30;

/** One issuer of OIDC tokens. */
export class OidcIssuer implements Authenticator {
  readonly configuration: OidcConfiguration;
  private readonly provider: Provider;
  private readonly keys: IssuerKeys;
  private readonly clock: Clock;

  constructor(
    configuration: OidcConfiguration,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.configuration = configuration;
    this.clock = clock;
    this.provider = new Provider(configuration.issuer);
    const fetchKeys = () => this.provider.keys();
    this.keys = new IssuerKeys({ issuer: configuration.issuer.url, fetchKeys, clock, log });
  }

  async knows(token: string): Promise<boolean> {
    return this.keys.has(decodeProtectedHeader(token).kid);
  }

  async judge(token: string): Promise<Judgement> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, (header) => this.keys.find(header), {
        issuer: this.configuration.issuer.url,
        audience: [...this.configuration.issuer.audiences],
        algorithms,
        requiredClaims: ['exp'],
        clockTolerance: clockSkew,
        currentDate: this.clock.now(),
      });
      const type = (protectedHeader.typ ?? 'jwt').toLowerCase().replace(/^application\//, '');
      if (!types.includes(type)) return { refusal: 'The token is not one to sign in with.' };
      return judgeClaims(payload, this.configuration);
    } catch (error: unknown) {
      if (error instanceof errors.JOSEError) return { refusal: refusalOf(error) };
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.provider.close();
  }
}

/** What is said of claims is said of a token with a good signature: those are looked at last. */
function refusalOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has ended.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `The claim ${error.claim} of the token is not as it has to be.`;
  return 'The token is not signed by its issuer as it has to be.';
}
