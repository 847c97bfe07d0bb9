import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Request } from 'express';
import type { Clock } from '../../engine/clock.ts';
import type { AuditFacts } from '../../persistence/audit/entry.ts';
import type { AuditWriter } from '../../persistence/audit/audit-writer.ts';
import type { ProblemError } from '../problem/problem.ts';
import { AUDIT_WRITER, CLOCK } from '../tokens.ts';
import { matchRoute } from '../transport/routes.ts';
import { exchangeOf, factsOf, type Outcome } from './exchange.ts';
import { RefusalBudget } from './refusal-budget.ts';

/** Refusals of who asks, of what they may, and of names that cannot be. */
const refusals: ReadonlySet<number> = new Set([400, 401, 403]);

/** Who did what, from where, and how it went. */
@Injectable()
export class AuditTrail implements OnApplicationShutdown {
  private readonly writer: AuditWriter;
  private readonly clock: Clock;
  private readonly refusals: RefusalBudget;

  constructor(@Inject(AUDIT_WRITER) writer: AuditWriter, @Inject(CLOCK) clock: Clock) {
    this.writer = writer;
    this.clock = clock;
    this.refusals = new RefusalBudget(clock, (facts) => writer.writeEventually(facts));
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
    const facts = this.outcomeOf(request, outcome);
    if (facts) this.writer.writeEventually(facts);
  }

  /** However far it came. */
  fail(request: Request, { code }: ProblemError, status: number): void {
    const outcome = { status, problemCode: code };
    if (exchangeOf(request).isAdmitted) return this.end(request, outcome);
    const facts = refusals.has(status) ? this.outcomeOf(request, outcome) : undefined;
    if (facts) this.refusals.spend(facts);
  }

  async onApplicationShutdown(): Promise<void> {
    this.refusals.close();
    await this.writer.close();
  }

  private outcomeOf(request: Request, outcome: Outcome): AuditFacts | undefined {
    const target = matchRoute(request);
    return target && factsOf(request, target, this.clock.now(), outcome);
  }
}
