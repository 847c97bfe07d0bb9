/** The program behind rest-process.ts: the `api` role of Marina and nothing else. */
import 'reflect-metadata';
import { type Clock, systemClock, systemRandom } from '../../src/engine/clock.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { openManagementDatabase } from '../../src/persistence/management-database.ts';
import { createRest, managementConnections } from '../../src/rest/start.ts';
import type { RestServerOptions } from './rest-process.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as RestServerOptions;
const { kubeconfigPath, database: address, port, haste = 1 } = options;
const log = createLogger('info');
const clock: Clock = {
  ...systemClock,
  after: (ms, action) => systemClock.after(ms / haste, action),
};
const client = await connect({
  kubeconfigFile: kubeconfigPath,
  userAgent: 'marina-rest',
  maxConnections: managementConnections,
});
const database = await openManagementDatabase(address, { clock: systemClock, random: systemRandom, log });
const wide = 1_000_000;
const app = await createRest({
  client,
  database,
  tenantsNamespace: 'marina-tenants',
  clock,
  log,
  limits: {
    readsPerSecond: wide,
    changesPerSecond: wide,
    unknownTokensPerSecond: wide,
    inFlight: wide,
    inFlightPerUser: wide,
    longInFlight: wide,
    longInFlightPerUser: wide,
  },
});
await app.listen(port, '127.0.0.1');
process.once('SIGTERM', () => void end());

async function end(): Promise<void> {
  await app.close();
  await client.close();
  await database.close();
}
