import type { Clock } from '../../engine/clock.ts';
import type { AuditFacts } from '../../persistence/audit/entry.ts';

const windowMs = 10_000;
/** Refusals that are written down one by one in a window; more of them are an attack, on the disk of the database as well. */
const ofOneUser = 50;
const ofNobodyKnown = 500;

interface Window {
  written: number;
  /** The first that was not written, and how many there were. */
  rest: { readonly facts: AuditFacts; count: number } | undefined;
  readonly cancel: () => void;
}

/** Bounds how many refusals of one user, and of all who are not known, are written down; of the rest one entry a window says how many they were. */
export class RefusalBudget {
  private readonly clock: Clock;
  private readonly write: (facts: AuditFacts) => void;
  private readonly windows = new Map<string, Window>();

  constructor(clock: Clock, write: (facts: AuditFacts) => void) {
    this.clock = clock;
    this.write = write;
  }

  spend(facts: AuditFacts): void {
    const { authenticator, username } = facts;
    const most = username === null ? ofNobodyKnown : ofOneUser;
    const window = this.windowOf(JSON.stringify([authenticator, username]));
    if (window.written < most) {
      window.written += 1;
      return this.write(facts);
    }
    window.rest ??= { facts, count: 0 };
    window.rest.count += 1;
  }

  /** Writes what is still to be said. */
  close(): void {
    for (const [key, { cancel }] of this.windows) {
      cancel();
      this.end(key);
    }
  }

  private windowOf(key: string): Window {
    const found = this.windows.get(key);
    if (found) return found;
    const cancel = this.clock.after(windowMs, () => this.end(key));
    const begun: Window = { written: 0, rest: undefined, cancel };
    this.windows.set(key, begun);
    return begun;
  }

  private end(key: string): void {
    const rest = this.windows.get(key)?.rest;
    this.windows.delete(key);
    if (!rest) return;
    const { facts, count } = rest;
    const until = this.clock.now().toISOString();
    this.write({ ...facts, details: { ...facts.details, refusals: count, until } });
  }
}
