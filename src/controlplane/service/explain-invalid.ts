import type { KubeError } from '../../kube/errors.ts';
import { explainRefusal, type FieldOrigins } from '../explain-refusal.ts';

const service = 'spec.controlPlane.service';

const origins: FieldOrigins = [
  [/^spec\.ports\[0\]\.(nodePort|port)$/, 'spec.networkProfile.port'],
  [/^spec\.[lL]oadBalancerSourceRanges/, `${service}.loadBalancerSourceRanges`],
  [/^spec\.type/, `${service}.serviceType`],
  [/^metadata/, `${service}.additionalMetadata`],
  [/^spec/, service],
];

/** What the API server says against the Service, as a message about the spec; undefined when it fails otherwise. */
export function explainInvalidService(error: KubeError): string | undefined {
  return explainRefusal(error, origins, service);
}
