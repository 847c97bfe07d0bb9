import {
  createLocalJWKSet,
  errors,
  type CryptoKey,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import type { Clock } from '../../../engine/clock.ts';
import type { Log } from '../../../engine/log.ts';
import { ProblemError } from '../../problem/problem.ts';

/** Milliseconds after which keys are looked at anew, so that one which was taken out is not believed for ever. */
const freshMs = 300_000;
/** Milliseconds after which that is waited for. */
const staleMs = 600_000;
/** Milliseconds between two looks: tokens with keys that nobody knows must not become requests to the provider. */
const cooldownMs = 10_000;

export interface IssuerKeysOptions {
  readonly issuer: string;
  readonly fetchKeys: () => Promise<JSONWebKeySet>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Look {
  readonly atMs: number;
  readonly hasFailed: boolean;
}

/** The public keys of one issuer. Those that are known go on being good while the provider is down. */
export class IssuerKeys {
  private readonly options: IssuerKeysOptions;
  private known: ReturnType<typeof createLocalJWKSet> | undefined;
  private last: Look | undefined;
  private looking: Promise<void> | undefined;

  constructor(options: IssuerKeysOptions) {
    this.options = options;
  }

  /** Whether a key of this id is there, so that nobody needs to be asked. */
  has(kid: string | undefined): boolean {
    return this.known?.jwks().keys.some((key) => kid === undefined || key.kid === kid) === true;
  }

  /** Rejects with a `JOSEError` when the issuer has no such key, with a `ProblemError` when that cannot be known for now. */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (this.ageMs() > staleMs) await this.look();
    else if (this.ageMs() > freshMs) void this.look();
    try {
      if (this.known) return await this.known(header);
    } catch (error: unknown) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    if (this.looking || this.ageMs() > cooldownMs) await this.look();
    if (this.last?.hasFailed || !this.known) throw this.notNow();
    return await this.known(header);
  }

  /** Never rejects: what came of it is in `last`. */
  private look(): Promise<void> {
    this.looking ??= this.fetch().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async fetch(): Promise<void> {
    const { issuer, fetchKeys, clock, log } = this.options;
    try {
      this.known = createLocalJWKSet(await fetchKeys());
      this.last = { atMs: clock.monotonicMs(), hasFailed: false };
    } catch (error: unknown) {
      this.last = { atMs: clock.monotonicMs(), hasFailed: true };
      log.warn({ err: error, issuer }, 'the keys of an OIDC issuer could not be read');
    }
  }

  private ageMs(): number {
    return this.last ? this.options.clock.monotonicMs() - this.last.atMs : Infinity;
  }

  private notNow(): ProblemError {
    const detail = `The keys of ${this.options.issuer} cannot be read, and the token needs one that is not known.`;
    return new ProblemError('Unavailable', detail, {
      retryAfterSeconds: Math.max(1, Math.ceil((cooldownMs - this.ageMs()) / 1_000)),
    });
  }
}
