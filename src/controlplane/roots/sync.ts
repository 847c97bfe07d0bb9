import { fieldManager } from '../../api/v1alpha1/field-managers.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import type { OwnedCache } from '../apply-owned.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import { tenantLabels } from '../names.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import type { View } from '../view.ts';
import { generateRoots } from './generate.ts';
import { readRoots, type Roots, rootsFingerprint } from './material.ts';

export interface RootsDependencies {
  readonly client: KubeClient;
  readonly secrets: OwnedCache<Secret>;
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

/**
 * The tenant's roots: made once, by `create`, so that a stale cache cannot overwrite them. Roots that vanished or changed
 * since they were recorded in the status, or since something was signed with them, stop everything: new ones would lock out
 * every worker and user.
 */
export async function syncRoots(view: View, dependencies: RootsDependencies): Promise<StepResult<Roots>> {
  const recorded = view.tenant.status?.rootsFingerprint;
  const { awaited } = view;
  if (!view.roots && awaited.state === 'Pending' && awaited.bringsRoots) {
    return waiting('RestorePending', `The root keys come from TenantRestore ${awaited.restore}.`);
  }
  if (!view.roots && awaited.state === 'Spent') {
    return failed(
      'RestoreRefused',
      `TenantRestore ${awaited.restore} has brought its archive to an earlier control plane of this name. ` +
        'Make another TenantRestore and name that in annotation marina.dev/restore, or take the annotation away.',
    );
  }
  if (!view.roots && (recorded || view.certificates)) {
    return failed(
      'RootsMissing',
      `Secret ${view.names.namespace}/${view.names.roots} with the cluster’s root keys is gone. Restore it from a backup; ` +
        'Marina makes no new one, because every worker and kubeconfig would be locked out.',
    );
  }
  if (!view.roots) return done(await createRoots(view, dependencies));

  const reading = readRoots(decodeData(view.roots));
  if (!reading.readable) {
    return failed(
      'RootsInvalid',
      `Secret ${view.names.namespace}/${view.names.roots}: ${reading.message}. Restore it from a backup.`,
    );
  }
  if (recorded && recorded !== rootsFingerprint(reading.roots)) {
    return failed(
      'RootsChanged',
      `Secret ${view.names.namespace}/${view.names.roots} is not the one that this cluster was made with. Restore it from a backup.`,
    );
  }
  return done(reading.roots);
}

async function createRoots(
  view: View,
  { client, secrets: cache, now, randomBytes }: RootsDependencies,
): Promise<Roots> {
  const roots = await generateRoots(view.tenant.spec.certificates.keyAlgorithm, now, randomBytes);
  const created = await client.create(
    secrets,
    {
      metadata: {
        name: view.names.roots,
        namespace: view.names.namespace,
        labels: tenantLabels(view.tenant, 'roots'),
      },
      type: 'Opaque',
      data: encodeData({ ...roots }),
    },
    { fieldManager },
  );
  cache.remember(created);
  return roots;
}
