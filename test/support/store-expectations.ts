import { describe, expect, it } from '@jest/globals';
import { recordFigure } from './figures.ts';
import { form } from './form.ts';
import type { StoreFault, StoreWorld } from './store-world.ts';

/** Milliseconds that one fault may take on a machine that has much else to do. */
export const storeTestMs = 480_000;

/** Seconds from a store's return within which every tenant has to serve. */
const limitSeconds = 60;

export const inLongForm = form === 'long' ? it : it.skip;
export const describeInLongForm = form === 'long' ? describe : describe.skip;

/** Events that one fault may cause: of the store when it goes and when it comes, and of each tenant, whose parts go one after the other. */
const eventLimits = { store: 4, tenant: 8 };

export async function expectSurvival(world: StoreWorld, fault: StoreFault): Promise<void> {
  const { seconds, pauseSeconds, storeEvents, tenantEvents } = await world.survive(fault);
  const pause = fault.during.status === 'True' ? `, longest pause of writes ${pauseSeconds} s` : '';
  recordFigure(`${fault.name}: all tenants serve again after`, `${seconds} s${pause}`);
  expect(seconds).toBeLessThanOrEqual(limitSeconds);
  expect(storeEvents.length).toBeLessThanOrEqual(eventLimits.store);
  for (const events of tenantEvents) expect(events.length).toBeLessThanOrEqual(eventLimits.tenant);
}

export async function expectNothingLost(world: StoreWorld, store: string): Promise<void> {
  const lost = await world.settle();
  const written = world.ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  recordFigure(`writes acknowledged on ${store}, lost`, `${written}, ${lost.flat().length}`);
  expect(lost).toEqual(world.tenants.map(() => []));
}
