import { thisCheckout } from '../local/checkout.ts';
import type { Context } from '../local/context.ts';
import { containerAddress, openEngine } from '../local/engine.ts';
import { LocalError } from '../local/errors.ts';
import { managementNode } from '../local/management-cluster.ts';
import { roadTaken } from '../local/road-taken.ts';
import type { Shell } from '../local/shell.ts';

/** The running environment of this checkout. @throws LocalError Missing when there is none, or its node does not run */
export async function openEnvironment(shell: Shell): Promise<Context> {
  const checkout = thisCheckout();
  const road = roadTaken(checkout);
  if (!road) {
    throw new LocalError({
      code: 'Missing',
      operation: 'find the local environment',
      message: `nothing of ${checkout.root} is up`,
      remedy: 'npm run up -- --datastore both',
    });
  }
  const context = { shell, checkout, engine: openEngine(checkout, road) };
  await containerAddress(context, managementNode(checkout));
  return context;
}
