import type { LeaseSpec } from '../kube/resources.ts';

/** A lease as this process has seen it: `sinceMs` is the monotonic time at which this very version was first seen. */
export interface ObservedLease {
  readonly spec: LeaseSpec;
  readonly sinceMs: number;
}

export type LeaseDecision =
  | { readonly action: 'acquire' }
  | { readonly action: 'renew' }
  /** Somebody else holds it, for `ms` more if it is not renewed. */
  | { readonly action: 'wait'; readonly ms: number };

/**
 * What to do about a lease (undefined: there is none yet). As in client-go, a holder is believed for the lease's duration
 * after its last renewal was *seen*: clocks of different machines are never compared.
 */
export function evaluateLease(observed: ObservedLease | undefined, me: string, nowMs: number): LeaseDecision {
  if (!observed?.spec.holderIdentity) return { action: 'acquire' };
  if (observed.spec.holderIdentity === me) return { action: 'renew' };
  const ms = observed.sinceMs + (observed.spec.leaseDurationSeconds ?? 0) * 1000 - nowMs;
  return ms <= 0 ? { action: 'acquire' } : { action: 'wait', ms };
}

/** The lease as its (new or old) holder writes it. */
export function heldSpec(
  before: LeaseSpec | undefined,
  me: string,
  now: Date,
  durationMs: number,
): LeaseSpec {
  const isSame = before?.holderIdentity === me;
  const transitions = before?.leaseTransitions ?? 0;
  return {
    holderIdentity: me,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: isSame && before.acquireTime ? before.acquireTime : microTime(now),
    renewTime: microTime(now),
    leaseTransitions: isSame || !before ? transitions : transitions + 1,
  };
}

/** metav1.MicroTime wants six digits. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
