import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { isNestedDeeper, maxNesting } from '../kube/nesting.ts';

/** Fields that keep whatever is written below them, as far as it goes into the control plane. */
const openFields = {
  'spec.authentication.jwt': ({ spec }: TenantControlPlane) => spec.authentication.jwt,
  'spec.controlPlane.deployment.affinity': ({ spec }) => spec.controlPlane.deployment.affinity,
  'spec.controlPlane.deployment.imagePullSecrets': ({ spec }) =>
    spec.controlPlane.deployment.imagePullSecrets,
  'spec.controlPlane.deployment.tolerations': ({ spec }) => spec.controlPlane.deployment.tolerations,
  'spec.controlPlane.deployment.topologySpreadConstraints': ({ spec }) =>
    spec.controlPlane.deployment.topologySpreadConstraints,
} satisfies Record<string, (tenant: TenantControlPlane) => unknown>;

/** In characters of JSON; it goes into a ConfigMap, which may hold 1 MiB. */
const maxAuthentication = 512 * 1024;

/** What no schema can say and nothing could be built from; undefined when there is nothing of that kind. */
export function outOfLimits(tenant: TenantControlPlane): string | undefined {
  for (const [field, read] of Object.entries(openFields)) {
    const value = read(tenant);
    if (isNestedDeeper(value)) return `${field}: is nested deeper than ${maxNesting} levels`;
    const number = oddNumber(value);
    if (number !== undefined) return `${field}: ${number} is no number that a field of a pod can have`;
  }
  const isTooLarge = JSON.stringify(tenant.spec.authentication).length > maxAuthentication;
  return isTooLarge ? 'spec.authentication.jwt: is larger than 512 KiB' : undefined;
}

/**
 * Pods know whole numbers only, of 32 bits but for `tolerationSeconds`. Of larger ones the API server takes the low bits
 * without a word.
 */
function oddNumber(value: unknown, name = ''): number | undefined {
  if (typeof value === 'number') {
    const limit = name === 'tolerationSeconds' ? Number.MAX_SAFE_INTEGER : 2 ** 31 - 1;
    return Number.isInteger(value) && Math.abs(value) <= limit ? undefined : value;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const odd = oddNumber(part, key);
    if (odd !== undefined) return odd;
  }
  return undefined;
}
