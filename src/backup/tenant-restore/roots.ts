import { fieldManager } from '../../api/v1alpha1/field-managers.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { tenantLabels, type TenantNames } from '../../controlplane/names.ts';
import { readRoots, type Roots, rootsFingerprint } from '../../controlplane/roots/material.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import { ArchiveError } from '../archive/errors.ts';
import type { Manifest } from '../archive/manifest.ts';

/** Root keys as an archive has them. @throws ArchiveError when they do not fit together */
export function archivedRoots(manifest: Manifest): Roots {
  const reading = readRoots(manifest.roots);
  if (!reading.readable) throw new ArchiveError('Damaged', `root keys in the archive: ${reading.message}`);
  return reading.roots;
}

/** Puts the archive's root keys where the control plane looks for them, unless they are there. */
export async function putRoots(
  client: KubeClient,
  tenant: TenantControlPlane,
  names: TenantNames,
  roots: Roots,
): Promise<void> {
  const ref = { namespace: names.namespace, name: names.roots };
  const live = await client.get(secrets, ref);
  if (live && fingerprintOf(live) === rootsFingerprint(roots)) return;
  const secret: Secret = {
    metadata: { ...ref, labels: tenantLabels(tenant, 'roots') },
    type: 'Opaque',
    data: encodeData({ ...roots }),
  };
  await client.apply(secrets, secret, { fieldManager });
}

function fingerprintOf(secret: Secret): string | undefined {
  const reading = readRoots(decodeData(secret));
  return reading.readable ? rootsFingerprint(reading.roots) : undefined;
}
