import { fieldManager } from '../../api/v1alpha1/field-managers.ts';
import { tenantKubeconfigs } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import type { CertificateFiles } from '../certificates/plan.ts';
import { done, failed, type StepResult } from '../component.ts';
import { contentHash } from '../content-hash.ts';
import type { Endpoint } from '../service/endpoint.ts';
import type { View } from '../view.ts';
import { buildAdminKubeconfig } from './build.ts';

interface Written {
  readonly hash: string;
  /** Of the object as it was left. */
  readonly version: string | undefined;
  readonly seenAtMs: number;
}

/**
 * Writes admin kubeconfigs into users' namespaces. Marina may not read Secrets there, so it remembers what it wrote, and at
 * every resync asks by an apply that is not carried out whether the object is still the same.
 */
export class AdminKubeconfigs {
  private readonly written = new Map<string, Written>();
  private readonly client: KubeClient;
  private readonly clock: Clock;
  private readonly resyncMs: number;

  constructor(client: KubeClient, clock: Clock, resyncMs: number) {
    this.client = client;
    this.clock = clock;
    this.resyncMs = resyncMs;
  }

  async sync(
    view: View,
    input: {
      readonly endpoint: Endpoint;
      readonly certificateAuthority: string;
      readonly certificates: CertificateFiles;
    },
  ): Promise<StepResult> {
    const secret = buildAdminKubeconfig(view.tenant, view.names, input);
    const hash = contentHash(secret);
    const uid = view.tenant.metadata?.uid ?? '';
    const nowMs = this.clock.monotonicMs();
    const before = this.written.get(uid);
    if (before?.hash === hash && nowMs - before.seenAtMs < this.resyncMs) return done(undefined);

    try {
      const version =
        before?.hash === hash && (await this.isUntouched(secret, before.version))
          ? before.version
          : versionOf(await this.write(secret));
      this.written.set(uid, { hash, version, seenAtMs: nowMs });
      return done(undefined);
    } catch (error: unknown) {
      if (!isKubeError(error, 'Forbidden', 'Invalid', 'Conflict')) throw error;
      return failed(
        'KubeconfigNotWritten',
        `Secret ${secret.metadata?.namespace}/${secret.metadata?.name} cannot be written; if it is not Marina’s, rename it: ${error.message}`,
        error,
      );
    }
  }

  forget(uid: string): void {
    this.written.delete(uid);
  }

  /**
   * Takes back fields that somebody changed by hand; not the Secret of a TenantKubeconfig, which would go with that one. Without force the API
   * server tells of both by a conflict.
   */
  private async write(secret: Secret): Promise<Secret> {
    try {
      return await this.client.apply(secrets, secret, { fieldManager, force: false });
    } catch (error: unknown) {
      if (!isKubeError(error, 'Conflict')) throw error;
      const merged = await this.client.apply(secrets, secret, { fieldManager, dryRun: true });
      if (merged.metadata?.ownerReferences?.some(({ kind }) => kind === tenantKubeconfigs.kind)) throw error;
      return await this.client.apply(secrets, secret, { fieldManager });
    }
  }

  /** A dry run answers with the version of what is there; where nothing is, with none that was written before. */
  private async isUntouched(secret: Secret, version: string | undefined): Promise<boolean> {
    return versionOf(await this.client.apply(secrets, secret, { fieldManager, dryRun: true })) === version;
  }
}

function versionOf({ metadata }: Secret): string | undefined {
  return metadata?.resourceVersion;
}
