import type { OpenedDataStore } from '../../datastore/connections.ts';
import type { DataStoreDriver } from '../../datastore/driver.ts';
import { DataStoreError } from '../../datastore/errors.ts';
import { done, failed, type StepResult } from '../component.ts';

type UsableDataStore = Extract<OpenedDataStore, { ok: true }>;

/** Runs a call to a store; what the store says against it becomes the reason of a condition. */
export async function onStore(
  store: UsableDataStore,
  call: (driver: DataStoreDriver) => Promise<unknown>,
): Promise<StepResult> {
  try {
    await store.breaker.run(async () => call(await store.driver()));
    return done(undefined);
  } catch (error: unknown) {
    if (!(error instanceof DataStoreError)) throw error;
    return failed(`DataStore${error.code}`, error.message, error);
  }
}
