/**
 * The program behind marina-process.ts: one Marina controller and nothing else, run by node from its sources. It is what
 * the `controller` role is without Nest, which needs a compiler for its decorators.
 */
import { randomBytes } from 'node:crypto';
import { Registry } from 'prom-client';
import { imageReference } from '../../hack/toolchain/images.ts';
import { assemble } from '../../src/controller/assemble.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { EngineMetrics } from '../../src/engine/metrics.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { warmUp } from '../../src/pki/index.ts';
import { deadlyFailpoints } from './deadly-failpoints.ts';
import type { MarinaProcessOptions } from './marina-process.ts';
import { tracedFailpoints } from './traced-failpoints.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as MarinaProcessOptions;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());

const log = createLogger('debug');
const metrics = new EngineMetrics(new Registry());
await warmUp(systemClock.now(), randomBytes);
const client = await connect({
  kubeconfigFile: options.kubeconfigPath,
  userAgent: options.identity,
  onRequest: metrics.onRequest,
});
const { manager, close } = assemble({
  client,
  clock: systemClock,
  log,
  metrics,
  identity: options.identity,
  namespace: 'marina-system',
  backupVolume: options.backupVolume ?? '/nowhere',
  workers: options.workers ?? 4,
  failpoints: options.deathRow ? deadlyFailpoints(options.deathRow) : tracedFailpoints(log),
  controlPlanes: {
    namespace: 'marina-tenants',
    nodePortAddress: '192.0.2.7',
    kineImage: imageReference('kine'),
    resyncMs: options.resyncMs ?? 300_000,
  },
});
try {
  await manager.run(stopping.signal);
} catch (error: unknown) {
  log.fatal({ err: error }, 'the controller did not stop in time');
  process.exit(1);
}
await close();
await client.close();
