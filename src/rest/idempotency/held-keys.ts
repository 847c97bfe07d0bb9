import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../../engine/clock.ts';
import type { Log } from '../../engine/log.ts';
import {
  type Claim,
  IdempotencyKeys,
  type KeptAnswer,
  type KeyedRequest,
  leaseSeconds,
} from '../../persistence/idempotency/idempotency-keys.ts';
import { CLOCK, REST_LOG } from '../tokens.ts';

const renewalMs = (leaseSeconds * 1_000) / 3;
/** UTF-8 octets of a body that is kept. */
const longestBody = 65_536;

/** The keys of requests that this process does. */
@Injectable()
export class HeldKeys {
  private readonly keys: IdempotencyKeys;
  private readonly clock: Clock;
  private readonly log: Log;

  constructor(keys: IdempotencyKeys, @Inject(CLOCK) clock: Clock, @Inject(REST_LOG) log: Log) {
    this.keys = keys;
    this.clock = clock;
    this.log = log;
  }

  /** Rejects with a `DatabaseError`. */
  async claim(request: KeyedRequest, holder: string): Promise<Claim> {
    return await this.keys.claim(request, holder);
  }

  /** Renews the lease until it is disposed of, however long the request takes. */
  hold(scope: Buffer, holder: string): Disposable {
    return { [Symbol.dispose]: this.every(renewalMs, () => this.keys.renew(scope, holder)) };
  }

  /** An answer that says to come again is not kept: then it is done again. Never rejects: what was asked has been done. */
  async keep(scope: Buffer, holder: string, answer: KeptAnswer): Promise<void> {
    try {
      if (answer.status >= 500 || answer.status === 429) await this.keys.giveUp(scope, holder);
      else await this.keys.keep(scope, holder, withinBounds(answer));
    } catch (error: unknown) {
      this.log.warn({ err: error }, 'an answer could not be kept for its idempotency key');
    }
  }

  private every(ms: number, work: () => Promise<void>): () => void {
    let cancel: () => void = () => undefined;
    let isOver = false;
    const next = () => {
      if (!isOver) cancel = this.clock.after(ms, () => void run());
    };
    const run = async () => {
      try {
        await work();
      } catch (error: unknown) {
        this.log.debug({ err: error }, 'idempotency keys could not be tended');
      }
      next();
    };
    next();
    return () => {
      isOver = true;
      cancel();
    };
  }
}

function withinBounds(answer: KeptAnswer): KeptAnswer {
  const isTooLong = answer.body !== null && Buffer.byteLength(answer.body) > longestBody;
  return isTooLong ? { ...answer, body: null, isTooLong } : answer;
}
