import type { Validity } from './types.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Milliseconds. */
export const LEAF_LIFETIME = 90 * DAY;
/** Milliseconds. */
export const ROOT_LIFETIME = 3650 * DAY;

/** Milliseconds by which a new certificate begins in the past: clocks of workers and members differ. */
export const BACKDATING = 5 * 60 * 1000;

const RENEWAL_FRACTION = 2 / 3;

/** Validity of something issued at `now`, for `lifetime` milliseconds but not past the end of its issuer. */
export function validityFrom(now: Date, lifetime: number, issuer?: Pick<Validity, 'notAfter'>): Validity {
  const end = now.getTime() + lifetime;
  return {
    notBefore: new Date(now.getTime() - BACKDATING),
    notAfter: new Date(Math.min(end, issuer?.notAfter.getTime() ?? end)),
  };
}

/** When two thirds of the life are over. */
export function renewalTime({ notBefore, notAfter }: Validity): Date {
  const start = notBefore.getTime();
  return new Date(start + Math.floor((notAfter.getTime() - start) * RENEWAL_FRACTION));
}
