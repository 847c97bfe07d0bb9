import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { ApiError } from '../../client/api-error.ts';
import type { KubeClient } from '../../kube/client.ts';
import { joinPodLogs, readPodLogs } from '../../kube/pod-logs.ts';
import type { LogRequest } from '../backend.ts';
import { notFound } from './errors.ts';
import { answered } from './objects.ts';

/** Where Marina runs control planes by default. */
const tenantsNamespace = 'marina-tenants';
/** Of one pod at most. */
const maxBytes = 1024 * 1024;

/** What a program of a control plane has written last; with several pods, each begins with a line of its name. */
export async function readLogs(
  client: KubeClient,
  { metadata, status }: TenantControlPlane,
  request: LogRequest,
): Promise<string> {
  const none = notFound(`Control plane ${metadata?.name} has no pod with ${request.component}.`);
  if (status?.selector === undefined) throw none;
  const logs = await answered(
    readPodLogs(client, {
      namespace: tenantsNamespace,
      labelSelector: status.selector,
      container: request.component,
      lines: request.lines,
      bytesOfEach: () => maxBytes,
    }),
  );
  if (logs.length === 0) throw none;
  const refused = logs.find((log) => log.status === 403);
  if (refused)
    throw new ApiError({
      code: 'Forbidden',
      operation: 'read log',
      status: refused.status,
      message: refused.text,
    });
  return joinPodLogs(logs);
}
