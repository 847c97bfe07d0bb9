import type { Authenticator, Judgement } from './identity.ts';
import type { OidcIssuers } from './oidc/issuers.ts';
import type { TokenReviews } from './token-reviews.ts';

/** Tokens of the configured OIDC issuers, and of everybody that the management cluster knows. */
export class Tokens implements Authenticator {
  private readonly oidc: OidcIssuers;
  private readonly reviews: TokenReviews;

  constructor(oidc: OidcIssuers, reviews: TokenReviews) {
    this.oidc = oidc;
    this.reviews = reviews;
  }

  knows(token: string): Promise<boolean> {
    return this.authenticatorOf(token).knows(token);
  }

  judge(token: string): Promise<Judgement> {
    return this.authenticatorOf(token).judge(token);
  }

  private authenticatorOf(token: string): Authenticator {
    return this.oidc.issuerOf(token) ?? this.reviews;
  }
}
