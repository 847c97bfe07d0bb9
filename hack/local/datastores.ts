import type { Context } from './context.ts';
import { ensureEtcdDataStore } from './datastore-etcd.ts';
import { ensurePostgresDataStore } from './datastore-postgres.ts';
import type { Kubectl } from './kubectl.ts';

/** Kinds of store that the environment can have, with the name of the DataStore that each becomes. */
const dataStoreNames = { etcd: 'default', postgres: 'postgres' } as const;

export type StoreKind = keyof typeof dataStoreNames;

/** What `--datastore` can say. */
export const storeChoices = {
  etcd: ['etcd'],
  postgres: ['postgres'],
  both: ['etcd', 'postgres'],
} as const satisfies Record<string, readonly StoreKind[]>;

export type StoreChoice = keyof typeof storeChoices;

export const ensureDataStore: Record<StoreKind, (context: Context, kubectl: Kubectl) => Promise<void>> = {
  etcd: ensureEtcdDataStore,
  postgres: ensurePostgresDataStore,
};

export function firstDataStore([first = 'etcd']: readonly StoreKind[]): string {
  return dataStoreNames[first];
}
