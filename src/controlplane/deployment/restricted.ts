import type { V1SecurityContext } from '@kubernetes/client-node';

/**
 * What the Pod Security Standard "restricted" asks of a container; the rest of it stands in the pod.
 * `capabilities` are those of it that the standard lets a container keep.
 */
export function restricted(capabilities: readonly 'NET_BIND_SERVICE'[] = []): V1SecurityContext {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'], ...(capabilities.length > 0 && { add: [...capabilities] }) },
  };
}
