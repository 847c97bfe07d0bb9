/** Who asks, as the management cluster's RBAC knows them (authentication.k8s.io/v1 UserInfo). */
export interface Identity {
  /** Who says that it is them. */
  readonly authenticator: 'TokenReview' | 'OIDC';
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** Who counts as one where something is shared out. */
export function userKey({ authenticator, username }: Identity): string {
  return `${authenticator} ${username}`;
}

/** What an authenticator makes of a token. `refusal` is a sentence that may be told to whoever sent it. */
export type Judgement = { readonly identity: Identity } | { readonly refusal: string };

export interface Authenticator {
  /** Whether the token can be judged without asking a server, or was good when one was last asked: only others cost something. */
  knows(token: string): Promise<boolean>;
  /** Rejects with a `KubeError` or a `ProblemError` where nothing can be said for now. */
  judge(token: string): Promise<Judgement>;
}

declare module 'express-serve-static-core' {
  interface Request {
    /** Set before the body is read, for every route there is. */
    identity?: Identity;
  }
}
