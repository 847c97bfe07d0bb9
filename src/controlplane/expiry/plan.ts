/** What decides when a control plane goes; times in milliseconds since 1970. */
export interface ExpiryFacts {
  readonly createdMs: number;
  /** Undefined for one that stays. */
  readonly lifetimeMs: number | undefined;
  /** When it was first said that it goes soon. */
  readonly warnedAtMs: number | undefined;
  readonly nowMs: number;
}

export type ExpiryPlan =
  | { readonly state: 'Endless' }
  | { readonly state: 'Alive'; readonly expiresAtMs: number; readonly lookAtMs: number }
  | {
      readonly state: 'Warned' | 'Due';
      readonly expiresAtMs: number;
      readonly lookAtMs: number;
      readonly warnedAtMs: number;
    };

/** Share of a life before whose end it is warned, and the most that it may be. */
const warning = { share: 0.1, mostMs: 60 * 60_000 };

/**
 * Nothing is deleted that was not warned of for as long as a warning takes: a life that is made shorter than it has already been, and a manager that
 * was away when the warning was due, leave the same time to prolong it.
 */
export function planExpiry({ createdMs, lifetimeMs, warnedAtMs, nowMs }: ExpiryFacts): ExpiryPlan {
  if (lifetimeMs === undefined) return { state: 'Endless' };
  const warnMs = Math.min(lifetimeMs * warning.share, warning.mostMs);
  const endMs = createdMs + lifetimeMs;
  if (nowMs < endMs - warnMs) return { state: 'Alive', expiresAtMs: endMs, lookAtMs: endMs - warnMs };
  // One of the future was written by a clock that was ahead.
  const warned = Math.min(warnedAtMs ?? nowMs, nowMs);
  const expiresAtMs = Math.max(endMs, warned + warnMs);
  const isDue = warnedAtMs !== undefined && nowMs >= expiresAtMs;
  return { state: isDue ? 'Due' : 'Warned', expiresAtMs, lookAtMs: expiresAtMs, warnedAtMs: warned };
}
