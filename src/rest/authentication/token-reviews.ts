import { hash } from 'node:crypto';
import type { V1TokenReview } from '@kubernetes/client-node';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import type { Plain } from '../../kube/resources.ts';
import type { Authenticator, Judgement } from './identity.ts';

type TokenReview = Plain<V1TokenReview>;

const tokenReviews: Resource<TokenReview & KubeObject> = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};

/** A token has to be made for Marina: one that was meant for another API must not be good here. */
export const audience = 'marina.dev';

const refusal = `The token is not valid, has ended, or is not for the audience ${audience}.`;

/** Milliseconds for which an answer is believed: a token that was revoked is good for so long at most. */
const believedMs = 10_000;
/** Milliseconds for which a token that was good is remembered, so that looking at it again is nobody's attack. */
const rememberedMs = 600_000;
/** Answers kept at most. */
const capacity = 10_000;

interface Answer {
  readonly judgement: Judgement;
  readonly atMs: number;
}

/** Bearer tokens as the management cluster's API server judges them (TokenReview). */
export class TokenReviews implements Authenticator {
  private readonly client: Pick<KubeClient, 'create'>;
  private readonly clock: Clock;
  /** By SHA-256 of the token, oldest first. */
  private readonly answers = new Map<string, Promise<Answer>>();

  constructor(client: Pick<KubeClient, 'create'>, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  async knows(token: string): Promise<boolean> {
    const answer = await this.answers.get(digest(token));
    if (!answer) return false;
    return this.isFresh(answer) || ('identity' in answer.judgement && this.ageMs(answer) < rememberedMs);
  }

  async judge(token: string): Promise<Judgement> {
    const key = digest(token);
    const known = await this.answers.get(key);
    if (known && this.isFresh(known)) return known.judgement;
    const asked = this.ask(token);
    this.keep(key, asked);
    try {
      return (await asked).judgement;
    } catch (error: unknown) {
      if (known) this.keep(key, Promise.resolve(known));
      else this.answers.delete(key);
      throw error;
    }
  }

  private async ask(token: string): Promise<Answer> {
    const { status } = await this.client.create(tokenReviews, { spec: { token, audiences: [audience] } });
    const atMs = this.clock.monotonicMs();
    // An authenticator that knows no audiences answers without any: then the token was made for the API server itself.
    const isForMarina = status?.authenticated === true && status.audiences?.includes(audience) === true;
    const { username, uid, groups = [], extra = {} } = status?.user ?? {};
    if (!isForMarina || !username) return { judgement: { refusal }, atMs };
    const user = { username, ...(uid !== undefined && { uid }), groups, extra };
    return { judgement: { identity: { authenticator: 'TokenReview', ...user } }, atMs };
  }

  private keep(key: string, answer: Promise<Answer>): void {
    this.answers.delete(key);
    this.answers.set(key, answer);
    for (const oldest of this.answers.keys()) {
      if (this.answers.size <= capacity) break;
      this.answers.delete(oldest);
    }
  }

  private isFresh(answer: Answer): boolean {
    return this.ageMs(answer) < believedMs;
  }

  private ageMs({ atMs }: Answer): number {
    return this.clock.monotonicMs() - atMs;
  }
}

function digest(token: string): string {
  return hash('sha256', token, 'hex');
}
