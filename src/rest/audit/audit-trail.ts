import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request } from 'express';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Clock } from '../../engine/clock.ts';
import type { AuditWriter } from '../../persistence/audit/audit-writer.ts';
import type { ProblemError } from '../problem/problem.ts';
import type { Log } from '../../engine/log.ts';
import { AUDIT_WRITER, CLOCK, REST_LOG } from '../tokens.ts';
import { matchRoute } from '../transport/routes.ts';
import { exchangeOf, factsOf, type Outcome } from './exchange.ts';

/** Refusals of who asks, of what they may, and of names that cannot be. */
const refusals: ReadonlySet<number> = new Set([400, 401, 403]);

/** Requests of nobody known that are written down each second; more of them are an attack, on the disk of the database as well. */
const unknownPerSecond = 50;

/** Who did what, from where, and how it went. */
@Injectable()
export class AuditTrail implements OnApplicationShutdown {
  private readonly writer: AuditWriter;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly unknown = new RateLimiterMemory({ points: unknownPerSecond, duration: 1 });

  constructor(
    @Inject(AUDIT_WRITER) writer: AuditWriter,
    @Inject(CLOCK) clock: Clock,
    @Inject(REST_LOG) log: Log,
  ) {
    this.writer = writer;
    this.clock = clock;
    this.log = log;
  }

  /** Before the effect. Rejects with a `DatabaseError`, and then there must be none. */
  async begin(request: Request): Promise<void> {
    const target = matchRoute(request);
    if (!target) throw new Error(`no route is for ${request.path}`);
    await this.writer.write(factsOf(request, target, this.clock.now()));
    exchangeOf(request).isOpen = true;
  }

  /** After it; a request that was not begun has no end. */
  end(request: Request, outcome: Outcome): void {
    const exchange = exchangeOf(request);
    if (!exchange.isOpen) return;
    exchange.isOpen = false;
    this.complete(request, outcome);
  }

  /** However far it came. */
  fail(request: Request, { code }: ProblemError, status: number): void {
    const { isAdmitted } = exchangeOf(request);
    if (isAdmitted) this.end(request, { status, problemCode: code });
    else if (refusals.has(status)) void this.refuse(request, { status, problemCode: code });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.writer.close();
  }

  private async refuse(request: Request, outcome: Outcome): Promise<void> {
    const mayWrite = request.identity !== undefined || (await this.takeUnknown());
    if (mayWrite) this.complete(request, outcome);
    else this.log.warn({ address: request.ip, ...outcome }, 'a refusal was not written to the audit trail');
  }

  private async takeUnknown(): Promise<boolean> {
    return await this.unknown.consume('').then(
      () => true,
      () => false,
    );
  }

  private complete(request: Request, outcome: Outcome): void {
    const target = matchRoute(request);
    if (target) this.writer.writeEventually(factsOf(request, target, this.clock.now(), outcome));
  }
}
