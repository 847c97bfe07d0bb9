import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { type CompleteTenant, completeSpec } from '../../src/controlplane/class/complete.ts';
import { type TenantControlPlaneSpecInput, withDefaults } from './defaults.ts';

/** A TenantControlPlane `demo` in namespace `team-a` on DataStore `default`, with every default; `spec` is what the test is about. */
export function aTenant(
  spec: Partial<TenantControlPlaneSpecInput> = {},
  metadata: Partial<NonNullable<TenantControlPlane['metadata']>> = {},
): CompleteTenant {
  return {
    apiVersion,
    kind: 'TenantControlPlane',
    metadata: {
      name: 'demo',
      namespace: 'team-a',
      uid: '5f0c9a4e-2d39-4f0e-9a53-3b8c4b6f7a10',
      generation: 1,
      creationTimestamp: '2026-11-21T08:00:00Z',
      ...metadata,
    },
    spec: completeSpec(withDefaults({ dataStore: 'default', kubernetes: { version: 'v1.36.3' }, ...spec })),
  };
}

/** What a tenant that has been accepted is called everywhere outside its own object. */
export function runtimeIdOf({ metadata, status }: TenantControlPlane): string {
  if (!status?.runtimeId) throw new Error(`TenantControlPlane ${metadata?.name} has no runtime id yet`);
  return status.runtimeId;
}
