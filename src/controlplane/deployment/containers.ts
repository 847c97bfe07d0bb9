import type { V1Container, V1Probe, V1ResourceRequirements, V1VolumeMount } from '@kubernetes/client-node';
import type { ControlPlaneProgram } from '../../api/v1alpha1/extra-args.ts';
import type { ContainerResources, ControlPlaneResources } from '../../api/v1alpha1/resources.ts';
import { parseQuantity } from '../../kube/quantity.ts';
import type { CompleteTenant } from '../class/complete.ts';
import { apiServerPort } from '../service/build.ts';
import { bareVersion } from '../versions.ts';
import { mountPaths } from './paths.ts';
import { httpProbe, probeTimings } from './probe.ts';
import { restricted } from './restricted.ts';
import { runtimeSettings } from './runtime-settings.ts';
import type { StoreAccess } from './store-access.ts';
import { kineSocketMount, volumeNames } from './volumes.ts';

interface Program {
  readonly program: ControlPlaneProgram;
  readonly name: string;
  readonly image: 'apiServerImage' | 'controllerManagerImage' | 'schedulerImage';
  readonly port: number;
  readonly livenessPath: string;
  /** Until it has been alive for the first time; the same as afterwards when left out. */
  readonly startupPath?: string;
  readonly readinessPath?: string;
  readonly requests: { readonly cpu: string; readonly memory: string };
}

const programs: readonly Program[] = [
  {
    program: 'apiServer',
    name: 'kube-apiserver',
    image: 'apiServerImage',
    port: apiServerPort,
    // The store is shared: killing every tenant's API server would not bring it back, only all of them down at once.
    livenessPath: '/livez?exclude=etcd',
    startupPath: '/livez',
    readinessPath: '/readyz',
    requests: { cpu: '20m', memory: '100Mi' },
  },
  {
    program: 'controllerManager',
    name: 'kube-controller-manager',
    image: 'controllerManagerImage',
    port: 10257,
    livenessPath: '/healthz',
    requests: { cpu: '7m', memory: '35Mi' },
  },
  {
    program: 'scheduler',
    name: 'kube-scheduler',
    image: 'schedulerImage',
    port: 10259,
    livenessPath: '/healthz',
    requests: { cpu: '3m', memory: '15Mi' },
  },
];

/** What one control-plane pod requests: cores and bytes. The sidecar of control planes on Postgres is not in it. */
export function podRequests(resources: ControlPlaneResources | undefined): {
  readonly cpu: number;
  readonly memory: number;
} {
  const sum = (name: 'cpu' | 'memory') =>
    programs
      .map((program) => mergeResources(program, resources?.[program.program]).requests?.[name] ?? '0')
      .reduce((total, amount) => total + (parseQuantity(amount) ?? 0), 0);
  return { cpu: sum('cpu'), memory: sum('memory') };
}

/** The containers of a control-plane pod; `flags` are whole command lines. */
export function buildContainers(
  tenant: CompleteTenant,
  store: StoreAccess,
  flags: Record<ControlPlaneProgram, string[]>,
): V1Container[] {
  return programs.map((program) => ({
    ...buildContainer(tenant, program),
    args: flags[program.program],
    volumeMounts: mountsOf(program, store),
  }));
}

function buildContainer(tenant: CompleteTenant, program: Program): V1Container {
  const { registrySettings, resources } = tenant.spec.controlPlane.deployment;
  const version = bareVersion(tenant.spec.kubernetes.version);
  const amounts = mergeResources(program, resources?.[program.program]);
  return {
    name: program.name,
    image: `${registrySettings.registry}/${registrySettings[program.image]}:v${version}${registrySettings.tagSuffix}`,
    imagePullPolicy: 'IfNotPresent',
    command: [program.name],
    env: runtimeSettings(amounts),
    ports: [{ name: portName(program), containerPort: program.port, protocol: 'TCP' }],
    resources: amounts,
    // The official image of kube-apiserver has a file capability: without it in the bounding set exec fails with EPERM.
    securityContext: restricted(program.program === 'apiServer' ? ['NET_BIND_SERVICE'] : []),
    startupProbe: probe(program, 'startup', program.startupPath ?? program.livenessPath),
    livenessProbe: probe(program, 'liveness', program.livenessPath),
    ...(program.readinessPath && { readinessProbe: probe(program, 'readiness', program.readinessPath) }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

function mountsOf({ program }: Program, { driver }: StoreAccess): V1VolumeMount[] {
  const files = { name: volumeNames[program], mountPath: mountPaths.pki, readOnly: true };
  return program === 'apiServer' && driver === 'postgres' ? [files, kineSocketMount] : [files];
}

function portName(program: Program): string {
  return program.program === 'apiServer'
    ? 'https'
    : program.name.replace('kube-', '').slice(0, 15).replace(/-$/, '');
}

function mergeResources(program: Program, wish: ContainerResources | undefined): V1ResourceRequirements {
  return {
    requests: { ...program.requests, ...toText(wish?.requests) },
    ...(wish?.limits && { limits: toText(wish.limits) }),
  };
}

function toText(amounts: ContainerResources['requests']): Record<string, string> {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, String(amount)]));
}

function probe({ port }: Program, kind: keyof typeof probeTimings, path: string): V1Probe {
  return httpProbe({ scheme: 'HTTPS', port, path }, probeTimings[kind]);
}
