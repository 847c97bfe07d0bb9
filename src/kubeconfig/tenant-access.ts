import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { done, failed, type StepResult, type Unfinished, waiting } from '../controlplane/component.ts';
import type { ControlPlaneSettings } from '../controlplane/settings.ts';
import type { TenantClients } from '../controlplane/tenant-clients.ts';
import { type ControlPlaneCaches, gather, type View } from '../controlplane/view.ts';
import { isTrue } from '../engine/conditions.ts';
import { isKubeError } from '../kube/errors.ts';
import { grantAccess, revokeAccess } from './access.ts';
import { targetOf } from './source.ts';
import type { Standing } from './standing.ts';

/** Milliseconds that a tenant has for an answer. */
const timeoutMs = 5_000;

export interface TenantAccessDependencies {
  readonly caches: ControlPlaneCaches;
  readonly tenantClients: Pick<TenantClients, 'client'>;
  readonly settings: ControlPlaneSettings;
}

/** The rights of kubeconfigs inside tenants, as far as those can be reached. */
export class TenantAccess {
  private readonly dependencies: TenantAccessDependencies;

  constructor(dependencies: TenantAccessDependencies) {
    this.dependencies = dependencies;
  }

  async grant(kubeconfig: TenantKubeconfig, view: View, signal: AbortSignal): Promise<StepResult> {
    const target = targetOf(view);
    if (target.state !== 'Done') {
      // While nobody can be asked, what was found before stands.
      return isTrue(kubeconfig.status?.conditions, 'Ready') ? done(undefined) : target;
    }
    try {
      const client = await this.dependencies.tenantClients.client(target.value);
      return await grantAccess(client, kubeconfig, { signal, timeoutMs });
    } catch (error: unknown) {
      return unreachable(error, 'The rights cannot be bound');
    }
  }

  /** What stands in the way; with its control plane goes all that was bound in it. */
  async revoke(
    kubeconfig: TenantKubeconfig,
    standing: Standing,
    signal: AbortSignal,
  ): Promise<Unfinished | undefined> {
    if (standing.state !== 'There' || kubeconfig.spec.clusterRole === undefined) return undefined;
    const { caches, settings, tenantClients } = this.dependencies;
    const target = targetOf(gather(standing.tenant, caches, settings));
    if (target.state !== 'Done') {
      const message = `The rights are taken back once the tenant’s API server serves. ${target.message}`;
      return target.state === 'Failed'
        ? { ...target, message }
        : waiting(target.reason, message, target.requeueAfterMs);
    }
    try {
      await revokeAccess(await tenantClients.client(target.value), kubeconfig, { signal, timeoutMs });
      return undefined;
    } catch (error: unknown) {
      return unreachable(error, 'The rights cannot be taken back');
    }
  }
}

function unreachable(error: unknown, what: string): Unfinished {
  if (!isKubeError(error) || error.code === 'Aborted') throw error;
  return failed('TenantUnreachable', `${what}: ${error.message}`, error);
}
