import path from 'node:path';
import type { Context } from './context.ts';
import type { Kubectl } from './kubectl.ts';
import { ensurePostgresServer } from './postgres-server.ts';

/** The DataStore `postgres`, which tells Marina of the server. */
export async function ensurePostgresDataStore(context: Context, kubectl: Kubectl): Promise<void> {
  await ensurePostgresServer(context, kubectl);
  await kubectl.applyPath('-k', path.join(context.checkout.root, 'manifests', 'datastores', 'postgres'));
}
