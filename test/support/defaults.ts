import type { z } from 'zod';
import {
  tenantControlPlaneSpec,
  type TenantControlPlaneSpec,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';

/** A spec as users write it: whatever has a default may be left out. */
export type TenantControlPlaneSpecInput = z.input<typeof tenantControlPlaneSpec>;

/**
 * The spec with the defaults that the API server fills in, unknown fields dropped as it drops them.
 * @throws ZodError for what the schema refuses; CEL rules are the API server's alone
 */
export function withDefaults(spec: TenantControlPlaneSpecInput): TenantControlPlaneSpec {
  return tenantControlPlaneSpec.parse(spec);
}
