import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
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
const cleaningMs = 600_000;

/** The keys of requests that this process does, and the tidying of all. */
@Injectable()
export class HeldKeys implements OnModuleInit, OnApplicationShutdown {
  private readonly keys: IdempotencyKeys;
  private readonly clock: Clock;
  private readonly log: Log;
  private stopCleaning: (() => void) | undefined;

  constructor(keys: IdempotencyKeys, @Inject(CLOCK) clock: Clock, @Inject(REST_LOG) log: Log) {
    this.keys = keys;
    this.clock = clock;
    this.log = log;
  }

  onModuleInit(): void {
    this.stopCleaning = this.every(cleaningMs, () => this.keys.removeExpired());
  }

  onApplicationShutdown(): void {
    this.stopCleaning?.();
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
      else await this.keys.keep(scope, holder, answer);
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
