import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { Controller } from '../engine/controller.ts';
import { keyOf, type KubeObject, refOf } from '../kube/resource.ts';
import { labels } from '../kubeconfig/names.ts';
import { TenantKubeconfigReconciler, type TenantKubeconfigDependencies } from '../kubeconfig/reconciler.ts';
import { stateOf } from '../kubeconfig/source.ts';
import { mayHaveStrays, StrayAccess, type StrayAccessDependencies } from '../kubeconfig/stray-access.ts';
import {
  type KubeconfigTemplateDependencies,
  KubeconfigTemplateReconciler,
} from '../kubeconfig/template/reconciler.ts';
import { isReady } from '../kubeconfig/template/status.ts';
import { type Caches, kubeconfigsByTenant } from './caches.ts';
import { type Engine, keysOf, selfKey, wishChanged } from './controllers.ts';

/** Milliseconds that one tenant may hold up a worker of the search: others wait for it. */
const searchTimeoutMs = 15_000;

/** Issues TenantKubeconfigs: on their own changes, when their control plane serves, moves, is restored or goes, and when they are due. */
export function createTenantKubeconfigController(
  dependencies: Omit<TenantKubeconfigDependencies, 'caches' | 'kubeconfigs' | 'tenants'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { kubeconfigs, tenants } = caches;
  const reconciler = new TenantKubeconfigReconciler({ ...dependencies, caches, kubeconfigs, tenants });
  return new Controller({
    ...engine,
    name: 'tenantkubeconfig',
    reconcile: (key, context) => reconciler.reconcile(key, context),
  })
    .watches(kubeconfigs, selfKey, { when: wishChanged, lane: 'urgent' })
    .watches(tenants, (tenant) => keysOf(kubeconfigsOf(caches, tenant)), {
      when: (previous, current) => stateOf(previous) !== stateOf(current),
    });
}

/** Takes away rights that came out of archives: when a control plane was restored, and when it then serves. */
export function createStrayAccessController(
  dependencies: Omit<StrayAccessDependencies, 'caches' | 'kubeconfigsOf'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const strays = new StrayAccess({
    ...dependencies,
    caches,
    kubeconfigsOf: (tenant) => kubeconfigsOf(caches, tenant),
  });
  return new Controller({
    ...engine,
    name: 'strayaccess',
    timeoutMs: searchTimeoutMs,
    reconcile: (key, context) => strays.reconcile(key, context),
  }).watches(caches.tenants, (tenant) => (mayHaveStrays(tenant) ? selfKey(tenant) : []), {
    when: (previous, current) => stateOf(previous) !== stateOf(current),
  });
}

/** Reconciles KubeconfigTemplates: on their own changes, and when control planes or kubeconfigs of theirs come, change or go. */
export function createKubeconfigTemplateController(
  dependencies: Pick<KubeconfigTemplateDependencies, 'client' | 'clock'>,
  caches: Caches,
  engine: Engine,
): Controller {
  const { templates, kubeconfigs, tenants } = caches;
  const reconciler = new KubeconfigTemplateReconciler({ ...dependencies, templates, kubeconfigs, tenants });
  return new Controller({
    ...engine,
    workers: 1,
    name: 'kubeconfigtemplate',
    reconcile: (key) => reconciler.reconcile(key),
  })
    .watches(templates, selfKey, { when: wishChanged })
    .watches(kubeconfigs, templateKeys, {
      when: (previous, current) =>
        wishChanged(previous, current) || readiness(previous) !== readiness(current),
    })
    .watches(tenants, ({ metadata }) => keysOf(templates.list({ namespace: metadata?.namespace })), {
      when: (previous, current) => selectable(previous) !== selectable(current),
    });
}

function kubeconfigsOf({ kubeconfigs }: Caches, tenant: TenantControlPlane): readonly TenantKubeconfig[] {
  return kubeconfigs.byIndex(kubeconfigsByTenant, keyOf(refOf(tenant)));
}

function templateKeys({ metadata }: KubeObject): readonly string[] {
  const name = metadata?.labels?.[labels.template];
  return name === undefined ? [] : [keyOf({ namespace: metadata?.namespace, name })];
}

function readiness(kubeconfig: TenantKubeconfig | undefined): boolean {
  return kubeconfig !== undefined && isReady(kubeconfig);
}

/** What a selector can see of a control plane. */
function selectable(tenant: TenantControlPlane | undefined): string {
  const { labels: own, uid, deletionTimestamp } = tenant?.metadata ?? {};
  return JSON.stringify([uid, deletionTimestamp, own]);
}
