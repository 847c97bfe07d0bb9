import { createHash } from 'node:crypto';
import { labels } from '../../src/controlplane/names.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import { secrets } from '../../src/kube/resources.ts';
import { runInformer } from './running-informer.ts';

export interface RootsHistory extends AsyncDisposable {
  /** How many different roots each tenant has had, by runtime id. */
  readonly generations: ReadonlyMap<string, number>;
}

/** Watches the roots of every tenant from now on: more than one generation of a tenant's is a lost cluster. */
export async function recordRoots(client: KubeClient): Promise<RootsHistory> {
  const seen = new Map<string, Set<string>>();
  const informer = new Informer({
    client,
    clock: systemClock,
    log: silentLog,
    resource: secrets,
    namespace: 'marina-tenants',
    labelSelector: `${labels.component}=roots`,
  });
  informer.onChange((_previous, current) => {
    if (!current) return;
    const id = current.metadata?.labels?.[labels.runtimeId] ?? '';
    const hash = createHash('sha256').update(JSON.stringify(current.data)).digest('hex');
    seen.set(id, (seen.get(id) ?? new Set()).add(hash));
  });
  const running = await runInformer(informer);
  return {
    get generations() {
      return new Map([...seen].map(([id, hashes]) => [id, hashes.size]));
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
