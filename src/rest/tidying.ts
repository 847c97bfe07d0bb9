import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { pause } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import { IdempotencyKeys } from '../persistence/idempotency/idempotency-keys.ts';
import { Operations } from '../persistence/operations/operations.ts';
import { CLOCK, REST_LOG } from './tokens.ts';

const everyMs = 600_000;

interface Removal {
  readonly of: string;
  /** Resolves to whether there may be more. Rejects with a `DatabaseError`. */
  readonly removeSome: () => Promise<boolean>;
}

/** Removes what is over, until nothing is left of it: it cannot come faster than it goes. */
@Injectable()
export class Tidying implements OnModuleInit, OnApplicationShutdown {
  private readonly removals: readonly Removal[];
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly stopping = new AbortController();
  private finished: Promise<void> | undefined;

  constructor(
    keys: IdempotencyKeys,
    operations: Operations,
    @Inject(CLOCK) clock: Clock,
    @Inject(REST_LOG) log: Log,
  ) {
    this.removals = [
      { of: 'idempotency keys', removeSome: () => keys.removeExpired() },
      { of: 'operations', removeSome: () => operations.removeOld() },
    ];
    this.clock = clock;
    this.log = log;
  }

  onModuleInit(): void {
    this.finished = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.finished;
  }

  /** All of it, once. Never rejects. */
  async tidy(): Promise<void> {
    for (const { of, removeSome } of this.removals) {
      try {
        while (!this.stopping.signal.aborted && (await removeSome()));
      } catch (error: unknown) {
        this.log.warn({ err: error, of }, 'what is over could not be removed');
      }
    }
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await pause(this.clock, everyMs, signal);
      if (signal.aborted) return;
      await this.tidy();
    }
  }
}
