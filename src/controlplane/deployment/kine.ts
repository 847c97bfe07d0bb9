import type { V1Container } from '@kubernetes/client-node';
import { kineArguments } from '../../datastore/postgres/kine.ts';
import { mountPaths } from './paths.ts';
import { httpProbe, probeTimings } from './probe.ts';
import { restricted } from './restricted.ts';
import { runtimeSettings } from './runtime-settings.ts';
import type { StoreAccess } from './store-access.ts';
import { kineCredentialMount, kineSocketMount } from './volumes.ts';

const metrics = { scheme: 'HTTP', port: 2381, path: '/metrics' } as const;

/**
 * kine between kube-apiserver and Postgres, as a native sidecar (KEP-753): it answers before the API server starts, and ends after it. Its
 * metrics answer as soon as the database does; whether the database still does is no reason to restart it.
 */
export function buildKine({ endpoints, partition }: StoreAccess, image: string): V1Container {
  const resources = { requests: { cpu: '10m', memory: '50Mi' } };
  return {
    name: 'kine',
    image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    command: ['/bin/kine'],
    args: [
      ...kineArguments({
        endpoints,
        id: partition,
        socket: mountPaths.kineSocket,
        certificateAuthorityFile: `${mountPaths.kineCredential}/ca.crt`,
        certificateFile: `${mountPaths.kineCredential}/client.crt`,
        keyFile: `${mountPaths.kineCredential}/client.key`,
        metricsAddress: `:${metrics.port}`,
      }),
    ],
    env: runtimeSettings(resources),
    ports: [{ name: 'kine-metrics', containerPort: metrics.port, protocol: 'TCP' }],
    resources,
    securityContext: restricted(),
    startupProbe: httpProbe(metrics, probeTimings.startup),
    livenessProbe: httpProbe(metrics, probeTimings.liveness),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [kineCredentialMount, kineSocketMount],
  };
}
