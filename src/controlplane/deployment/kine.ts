import type { V1Container, V1Probe } from '@kubernetes/client-node';
import { kineArguments } from '../../datastore/postgres/kine.ts';
import { mountPaths } from './paths.ts';
import { runtimeSettings } from './runtime-settings.ts';
import type { StoreAccess } from './store-access.ts';
import { kineCredentialMount, kineSocketMount } from './volumes.ts';

const metricsPort = 2381;

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
        metricsAddress: `:${metricsPort}`,
      }),
    ],
    env: runtimeSettings(resources),
    ports: [{ name: 'kine-metrics', containerPort: metricsPort, protocol: 'TCP' }],
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 600, timeoutSeconds: 5 },
    livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 8, timeoutSeconds: 15 },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [kineCredentialMount, kineSocketMount],
  };
}

const probe: V1Probe = { httpGet: { scheme: 'HTTP', port: metricsPort, path: '/metrics' } };
