import type { KubeError } from '../../kube/errors.ts';

/** Where a pod field of the Deployment comes from in the spec of a TenantControlPlane. */
const origins: readonly (readonly [RegExp, string])[] = [
  [/^spec\.template\.spec\.containers\[0\]\.resources/, 'spec.controlPlane.deployment.resources.apiServer'],
  [
    /^spec\.template\.spec\.containers\[1\]\.resources/,
    'spec.controlPlane.deployment.resources.controllerManager',
  ],
  [/^spec\.template\.spec\.containers\[2\]\.resources/, 'spec.controlPlane.deployment.resources.scheduler'],
  [/^spec\.template\.metadata/, 'spec.controlPlane.deployment.podAdditionalMetadata'],
  [/^metadata/, 'spec.controlPlane.deployment.additionalMetadata'],
  [/^spec\.template\.spec/, 'spec.controlPlane.deployment'],
];

/** The API server's own words about a Deployment that it refused, with the field to change in front. */
export function explainInvalidDeployment(error: KubeError): string {
  if (error.causes.length === 0) return error.message;
  return error.causes.map(({ field, message }) => `${toSpecField(field)}: ${message}`).join('; ');
}

function toSpecField(field: string): string {
  for (const [pattern, origin] of origins) {
    if (pattern.test(field)) return field.replace(pattern, origin);
  }
  return field;
}
