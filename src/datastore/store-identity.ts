import type { Problem } from './status.ts';

/** On a DataStore: the `storeId` of another store that it may be from now on. */
export const acceptStoreAnnotation = 'marina.dev/accept-store';

export interface IdentityFacts {
  readonly name: string;
  /** Whom the status names, and who answers; undefined as long as nobody has. */
  readonly remembered: string | undefined;
  readonly observed: string | undefined;
  /** Of the annotation. */
  readonly accepted: string | undefined;
}

/**
 * Whether the store that answers is the one that holds the tenants. In any other one they are not, and would be made anew there, empty;
 * or it is that store's copy, and only a person knows.
 */
export function judgeIdentity({ name, remembered, observed, accepted }: IdentityFacts): Problem | undefined {
  if (observed === undefined || remembered === undefined) return undefined;
  if (observed === remembered || observed === accepted) return undefined;
  return {
    reason: 'StoreChanged',
    message:
      `What answers is store ${observed}, and the control planes of this DataStore are in store ${remembered}. Nothing is made or ` +
      `deleted there. Put back the endpoints; or, if it holds all that the other one did: ` +
      `kubectl annotate --overwrite mds ${name} ${acceptStoreAnnotation}=${observed}`,
  };
}
