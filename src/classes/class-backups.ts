import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import { type TenantBackup, tenantBackups } from '../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { applyOwned } from '../controlplane/apply-owned.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import type { Informer } from '../kube/informer.ts';
import { keyOf, refOf } from '../kube/resource.ts';
import { buildClassBackup, isClassBackup } from './backups.builder.ts';

export interface ClassBackupsOptions {
  readonly client: KubeClient;
  readonly backups: Informer<TenantBackup>;
}

/** How it is with the backups that a class asks for. */
export interface KeptBackups {
  readonly wanted: number;
  /** Why each of those that are not as they should be is not, by key. */
  readonly problems: ReadonlyMap<string, string>;
}

/** Keeps the TenantBackups that classes in force ask for, as they ask for them. */
export class ClassBackups {
  private readonly options: ClassBackupsOptions;

  constructor(options: ClassBackupsOptions) {
    this.options = options;
  }

  /** `tenants`: all of one class. Rejects with a `KubeError` for what a retry may cure. */
  async keep(tenants: readonly TenantControlPlane[]): Promise<KeptBackups> {
    const problems = new Map<string, string>();
    const wanted = new Set<string>();
    for (const tenant of tenants) {
      const backup = buildClassBackup(tenant);
      const key = backup && keyOf(refOf(backup));
      if (key) {
        wanted.add(key);
        const problem = await this.apply(backup, tenant);
        if (problem) problems.set(key, problem);
      }
      // Archives of where they were kept before stay listed, and expire no more.
      for (const former of this.formerOf(tenant, key)) await this.suspend(former);
    }
    return { wanted: wanted.size, problems };
  }

  private formerOf(tenant: TenantControlPlane, current: string | undefined): readonly TenantBackup[] {
    return this.options.backups
      .list({ namespace: tenant.metadata?.namespace })
      .filter(
        (backup) => isClassBackup(backup, tenant) && !backup.spec.suspend && keyOf(refOf(backup)) !== current,
      );
  }

  /** Why it cannot be as it should be. */
  private async apply(backup: TenantBackup, tenant: TenantControlPlane): Promise<string | undefined> {
    const { client, backups } = this.options;
    const live = backups.get(refOf(backup));
    if (live && !isClassBackup(live, tenant)) return 'the name is taken by a TenantBackup of somebody else';
    try {
      await applyOwned(client, tenantBackups, backups, backup);
      return undefined;
    } catch (error: unknown) {
      if (isKubeError(error, 'Forbidden', 'Invalid')) return error.message;
      // The namespace goes, or the cache is behind: an event follows.
      if (isKubeError(error, 'Conflict', 'NotFound')) return undefined;
      throw error;
    }
  }

  private async suspend(backup: TenantBackup): Promise<void> {
    const { client, backups } = this.options;
    const patch = {
      type: 'merge',
      body: { metadata: { uid: backup.metadata?.uid }, spec: { suspend: true } },
    } as const;
    try {
      backups.remember(await client.patch(tenantBackups, refOf(backup), patch, { fieldManager }));
    } catch (error: unknown) {
      if (!isKubeError(error, 'Conflict', 'NotFound')) throw error;
    }
  }
}
