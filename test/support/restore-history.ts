import { type TenantRestore, tenantRestores } from '../../src/api/v1alpha1/tenant-restore.ts';
import { systemClock } from '../../src/engine/clock.ts';
import { isTrue } from '../../src/engine/conditions.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { Informer } from '../../src/kube/informer.ts';
import { runInformer } from './running-informer.ts';

export interface RestoreHistory extends AsyncDisposable {
  /** How often each TenantRestore came to its end, by name: more than once is a cluster that was emptied while it ran. */
  readonly completions: ReadonlyMap<string, number>;
}

/** Watches every TenantRestore from now on. */
export async function recordRestores(client: KubeClient): Promise<RestoreHistory> {
  const times = new Map<string, Set<string>>();
  const informer = new Informer<TenantRestore>({
    client,
    clock: systemClock,
    log: silentLog,
    resource: tenantRestores,
  });
  informer.onChange((previous, current) => {
    const { metadata, status } = current ?? {};
    if (!isTrue(status?.conditions, 'Ready')) {
      if (current && isTrue(previous?.status?.conditions, 'Ready')) add(metadata?.name, 'taken back');
      return;
    }
    add(metadata?.name, status?.completedAt);
  });
  const add = (name = '', time = '') => times.set(name, (times.get(name) ?? new Set()).add(time));
  const running = await runInformer(informer);
  return {
    get completions() {
      return new Map([...times].map(([name, seen]) => [name, seen.size]));
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
