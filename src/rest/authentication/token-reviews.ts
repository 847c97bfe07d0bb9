import { hash } from 'node:crypto';
import type { V1TokenReview } from '@kubernetes/client-node';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import type { Plain } from '../../kube/resources.ts';
import type { Identity } from './identity.ts';

type TokenReview = Plain<V1TokenReview>;

const tokenReviews: Resource<TokenReview & KubeObject> = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};

/** A token has to be made for Marina: one that was meant for another API must not be good here. */
export const audience = 'marina.dev';

/** Milliseconds for which an answer is believed: a token that was revoked is good for so long at most. */
const believedMs = 10_000;
/** Answers kept at most. */
const capacity = 10_000;

interface Answer {
  readonly identity: Identity | undefined;
  readonly untilMs: number;
}

/** Bearer tokens as the management cluster's API server judges them (TokenReview). */
export class TokenReviews {
  private readonly client: Pick<KubeClient, 'create'>;
  private readonly clock: Clock;
  /** By SHA-256 of the token, oldest first. */
  private readonly answers = new Map<string, Promise<Answer>>();

  constructor(client: Pick<KubeClient, 'create'>, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** Undefined for a token that is none, has ended, or was made for somebody else. Rejects with a `KubeError`. */
  async identify(token: string): Promise<Identity | undefined> {
    const key = hash('sha256', token, 'hex');
    const known = await this.answers.get(key);
    if (known && known.untilMs > this.clock.monotonicMs()) return known.identity;
    const asked = this.ask(token);
    this.answers.delete(key);
    this.answers.set(key, asked);
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= capacity) break;
      this.answers.delete(oldest);
    }
    try {
      return (await asked).identity;
    } catch (error: unknown) {
      this.answers.delete(key);
      throw error;
    }
  }

  private async ask(token: string): Promise<Answer> {
    const { status } = await this.client.create(tokenReviews, { spec: { token, audiences: [audience] } });
    const untilMs = this.clock.monotonicMs() + believedMs;
    // An authenticator that knows no audiences answers without any: then the token was made for the API server itself.
    const isForMarina = status?.authenticated === true && status.audiences?.includes(audience) === true;
    const { username, uid, groups = [], extra = {} } = status?.user ?? {};
    if (!isForMarina || !username) return { identity: undefined, untilMs };
    return { identity: { username, ...(uid !== undefined && { uid }), groups, extra }, untilMs };
  }
}
