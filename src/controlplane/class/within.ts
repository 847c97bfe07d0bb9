import type { ClassSettings } from '../../api/v1alpha1/control-plane-class.ts';
import { lifetimeMs } from '../../api/v1alpha1/duration.ts';
import type { TenantControlPlaneSpec } from '../../api/v1alpha1/tenant-control-plane.ts';
import { parseQuantity } from '../../kube/quantity.ts';
import { bareVersion } from '../versions.ts';
import { completeSpec, sizeOf } from './complete.ts';

/**
 * What a control plane asks for that its class does not offer, each with what to do; empty when it keeps to the class. `current`: version that it has
 * by now, which may not go down or skip a minor version, be it the class that says so.
 */
export function outsideClass(
  spec: TenantControlPlaneSpec,
  settings: ClassSettings,
  current?: string,
): readonly string[] {
  return [
    ...versionProblems(spec, settings, current),
    ...sizeProblems(spec, settings),
    ...replicaProblems(spec, settings),
    ...limitProblems(spec, settings),
  ];
}

function versionProblems(
  spec: TenantControlPlaneSpec,
  settings: ClassSettings,
  current: string | undefined,
): readonly string[] {
  const own = spec.kubernetes.version;
  const { offered } = settings.versions;
  if (own !== undefined && !offered.some((version) => bareVersion(version) === bareVersion(own))) {
    return [`spec.kubernetes.version: ${own} is none of ${offered.join(', ')}`];
  }
  const wanted = completeSpec(spec, settings).kubernetes.version;
  if (current === undefined || [0, 1].includes(minorOf(wanted) - minorOf(current))) return [];
  return [
    `spec.kubernetes.version: ${wanted} is not the minor version of ${current} or the next one; set one of those that are`,
  ];
}

function sizeProblems(spec: TenantControlPlaneSpec, settings: ClassSettings): readonly string[] {
  if (spec.size !== undefined && !sizeOf(spec, settings)) {
    const names = settings.sizes?.offered.map(({ name }) => name).join(', ');
    return [`spec.size: ${spec.size} is ${names ? `none of ${names}` : 'unknown: the class has no sizes'}`];
  }
  const isOwn = spec.controlPlane.deployment.resources !== undefined;
  const resources = 'spec.controlPlane.deployment.resources: are those of a size of the class; set spec.size';
  return [...(isOwn ? [resources] : []), ...budgetProblems(spec, settings)];
}

function budgetProblems(spec: TenantControlPlaneSpec, settings: ClassSettings): readonly string[] {
  const offered = sizeOf(spec, settings)?.storageBudget;
  return (['bytes', 'objects'] as const)
    .filter((field) => exceeds(spec.storageBudget?.[field], offered?.[field]))
    .map((field) => `spec.storageBudget.${field}: may be at most ${offered?.[field]}`);
}

function replicaProblems(spec: TenantControlPlaneSpec, { replicas }: ClassSettings): readonly string[] {
  const own = spec.controlPlane.deployment.replicas;
  if (own === undefined || own === 0 || (own >= replicas.min && own <= replicas.max)) return [];
  return [
    `spec.controlPlane.deployment.replicas: may be ${replicas.min} to ${replicas.max}, or 0, and is ${own}`,
  ];
}

function limitProblems(spec: TenantControlPlaneSpec, { limits }: ClassSettings): readonly string[] {
  const problems: string[] = [];
  const { service, deployment } = spec.controlPlane;
  if (!limits.serviceTypes.includes(service.serviceType)) {
    const allowed = limits.serviceTypes.join(', ');
    problems.push(
      `spec.controlPlane.service.serviceType: ${service.serviceType} is none of ${allowed}; set one of them`,
    );
  }
  if (!limits.extraArgs && Object.values(deployment.extraArgs).some((flags) => flags.length > 0)) {
    problems.push('spec.controlPlane.deployment.extraArgs: are not allowed in this class');
  }
  const { maxLifetime } = limits;
  if (maxLifetime !== undefined && spec.expiresAfter !== undefined) {
    const isTooLong = lifetimeMs(spec.expiresAfter) > lifetimeMs(maxLifetime);
    if (isTooLong) problems.push(`spec.expiresAfter: may be at most ${maxLifetime}`);
  }
  return problems;
}

/** Quantities, or numbers; what is left out exceeds nothing and is exceeded by nothing. */
function exceeds(own: number | string | undefined, most: number | string | undefined): boolean {
  if (own === undefined || most === undefined) return false;
  return (parseQuantity(String(own)) ?? 0) > (parseQuantity(String(most)) ?? Infinity);
}

function minorOf(version: string): number {
  return Number(bareVersion(version).split('.')[1] ?? 0);
}
