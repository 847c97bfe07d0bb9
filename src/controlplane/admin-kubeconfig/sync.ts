import { fieldManager } from '../../api/v1alpha1/field-managers.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { secrets } from '../../kube/resources.ts';
import type { CertificateFiles } from '../certificates/plan.ts';
import { done, failed, type StepResult } from '../component.ts';
import { contentHash } from '../content-hash.ts';
import type { Endpoint } from '../service/endpoint.ts';
import type { View } from '../view.ts';
import { buildAdminKubeconfig } from './build.ts';

/**
 * Writes admin kubeconfigs into users' namespaces. Marina may not read Secrets there, so it remembers what it wrote and
 * writes it again when that changes and at every resync.
 */
export class AdminKubeconfigs {
  private readonly written = new Map<string, { readonly hash: string; readonly atMs: number }>();
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
    if (before?.hash === hash && nowMs - before.atMs < this.resyncMs) return done(undefined);

    try {
      await this.client.apply(secrets, secret, { fieldManager });
    } catch (error: unknown) {
      if (!isKubeError(error, 'Forbidden', 'Invalid', 'Conflict')) throw error;
      return failed(
        'KubeconfigNotWritten',
        `Secret ${secret.metadata?.namespace}/${secret.metadata?.name} cannot be written; if it is not Marina’s, rename it: ${error.message}`,
        error,
      );
    }
    this.written.set(uid, { hash, atMs: nowMs });
    return done(undefined);
  }

  forget(uid: string): void {
    this.written.delete(uid);
  }
}
