import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import { type ConfigMap, configMaps } from '../../src/kube/resources.ts';
import { runInformer } from './running-informer.ts';

export interface WatchedConfigMaps extends AsyncDisposable {
  readonly informer: Informer<ConfigMap>;
}

/** ConfigMaps of namespace `default` as an informer sees them, from its first list on until it is disposed of. */
export async function watchConfigMaps(client: KubeClient): Promise<WatchedConfigMaps> {
  const informer = new Informer({
    client,
    resource: configMaps,
    namespace: 'default',
    clock: systemClock,
    log: silentLog,
  });
  const running = await runInformer(informer);
  return {
    informer,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
