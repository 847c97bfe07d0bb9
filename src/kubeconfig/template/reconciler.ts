import { fieldManager, statusFieldManager } from '../../api/v1alpha1/field-managers.ts';
import { type KubeconfigTemplate, kubeconfigTemplates } from '../../api/v1alpha1/kubeconfig-template.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import type { Clock } from '../../engine/clock.ts';
import { done, requeueAfter, type Result } from '../../engine/result.ts';
import { applyStatus } from '../../kube/apply-status.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { Informer } from '../../kube/informer.ts';
import { refOf, refOfKey } from '../../kube/resource.ts';
import { labels } from '../names.ts';
import { isMadeBy, planTemplate, type TemplatePlan } from './plan.ts';
import { buildTemplateStatus } from './status.ts';

/** Milliseconds until what was refused is tried again. */
const refusedRetryMs = 60_000;
/** Milliseconds until what a cache had not seen is looked at again. */
const conflictRetryMs = 100;

export interface KubeconfigTemplateDependencies {
  readonly client: KubeClient;
  readonly templates: Informer<KubeconfigTemplate>;
  readonly kubeconfigs: Informer<TenantKubeconfig>;
  readonly tenants: Informer<TenantControlPlane>;
  readonly clock: Clock;
}

/** Gives each control plane that a template selects its TenantKubeconfig, and takes away those that none selects any more. */
export class KubeconfigTemplateReconciler {
  private readonly dependencies: KubeconfigTemplateDependencies;

  constructor(dependencies: KubeconfigTemplateDependencies) {
    this.dependencies = dependencies;
  }

  /** `key` is `namespace/name`. */
  async reconcile(key: string): Promise<Result> {
    const { client, templates, kubeconfigs, tenants, clock } = this.dependencies;
    const template = templates.get(refOfKey(key));
    try {
      await this.removeOrphans(key, template);
      if (!template || template.metadata?.deletionTimestamp) return done;
      const inNamespace = { namespace: template.metadata?.namespace };
      const world = () => ({
        tenants: tenants.list(inNamespace),
        kubeconfigs: kubeconfigs.list(inNamespace),
      });
      const plan = planTemplate(template, world());
      const problems = await this.carryOut(plan);
      const made = world().kubeconfigs.filter((each) => isMadeBy(template, each));
      const status = buildTemplateStatus(template, { selected: plan.selected, made, problems }, clock.now());
      const target = {
        client,
        resource: kubeconfigTemplates,
        cache: templates,
        fieldManager: statusFieldManager,
      };
      await applyStatus(target, template, status);
      return problems.length > 0 ? requeueAfter(refusedRetryMs, 'Refused') : done;
    } catch (error: unknown) {
      if (isKubeError(error, 'Conflict', 'AlreadyExists', 'NotFound')) {
        return requeueAfter(conflictRetryMs, 'CacheBehind');
      }
      throw error;
    }
  }

  /** What stands in the way, a sentence for each that is not as it should be. */
  private async carryOut(plan: TemplatePlan): Promise<readonly string[]> {
    const { client, kubeconfigs } = this.dependencies;
    for (const each of plan.delete) await this.delete(each);
    for (const each of plan.change) {
      const { lifetimeSeconds, renew } = each.spec;
      const { uid, resourceVersion } = each.metadata ?? {};
      const body = { metadata: { uid, resourceVersion }, spec: { lifetimeSeconds, renew } };
      kubeconfigs.remember(
        await client.patch(tenantKubeconfigs, refOf(each), { type: 'merge', body }, { fieldManager }),
      );
    }
    const problems = plan.taken.map((name) => `TenantKubeconfig ${name} is not this template’s.`);
    for (const each of plan.create) {
      try {
        kubeconfigs.remember(await client.create(tenantKubeconfigs, each, { fieldManager }));
      } catch (error: unknown) {
        if (!isKubeError(error, 'Invalid', 'Forbidden')) throw error;
        problems.push(`${error.message}.`);
      }
    }
    return problems;
  }

  /** Those of a template of this name that is gone or goes. */
  private async removeOrphans(key: string, template: KubeconfigTemplate | undefined): Promise<void> {
    const { namespace, name } = refOfKey(key);
    const labelled = this.dependencies.kubeconfigs.list({ namespace, labels: { [labels.template]: name } });
    for (const each of labelled) {
      const isWanted = template && !template.metadata?.deletionTimestamp && isMadeBy(template, each);
      if (!isWanted && isMadeByTemplate(each, name)) await this.delete(each);
    }
  }

  private async delete(kubeconfig: TenantKubeconfig): Promise<void> {
    const { uid, deletionTimestamp } = kubeconfig.metadata ?? {};
    if (deletionTimestamp) return;
    await this.dependencies.client.delete(tenantKubeconfigs, refOf(kubeconfig), { uid });
  }
}

/** The label alone could be anybody’s. */
function isMadeByTemplate({ metadata }: TenantKubeconfig, name: string): boolean {
  return (
    metadata?.ownerReferences?.some(
      (owner) => owner.kind === kubeconfigTemplates.kind && owner.name === name,
    ) ?? false
  );
}
