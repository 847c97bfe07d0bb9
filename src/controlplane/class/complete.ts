import type { ClassSettings } from '../../api/v1alpha1/control-plane-class.ts';
import type { LabelSelector } from '../../api/v1alpha1/label-selector.ts';
import type { TenantControlPlane, TenantControlPlaneSpec } from '../../api/v1alpha1/tenant-control-plane.ts';

type Deployment = TenantControlPlaneSpec['controlPlane']['deployment'];
type Addons = TenantControlPlaneSpec['addons'];

/** A specification in which everything is said that a control plane is built from. */
export interface CompleteSpec extends TenantControlPlaneSpec {
  kubernetes: TenantControlPlaneSpec['kubernetes'] & { version: string };
  controlPlane: TenantControlPlaneSpec['controlPlane'] & { deployment: Deployment & { replicas: number } };
  addons: Addons & {
    coreDNS: Addons['coreDNS'] & { enabled: boolean; replicas: number };
    kubeProxy: Addons['kubeProxy'] & { enabled: boolean };
  };
}

/** A TenantControlPlane as the builders take it. */
export interface CompleteTenant extends TenantControlPlane {
  spec: CompleteSpec;
}

/** Of control planes without a class; a class that says nothing means the same. */
const usual = { replicas: 1, coreDNS: { enabled: true, replicas: 2 }, kubeProxy: { enabled: true } } as const;

/**
 * What is wanted: what the specification says, then what its class says, then Marina’s own defaults. The version is empty where neither says one:
 * nothing is made of such a control plane.
 */
export function completeSpec(spec: TenantControlPlaneSpec, settings?: ClassSettings): CompleteSpec {
  const { kubernetes, controlPlane } = spec;
  const storageBudget = budgetOf(spec, settings);
  const size = sizeOf(spec, settings)?.name ?? spec.size;
  const dataStoreSelector = bothSelectors(settings?.dataStoreSelector, spec.dataStoreSelector);
  return {
    ...spec,
    ...(dataStoreSelector && { dataStoreSelector }),
    ...(storageBudget && { storageBudget }),
    ...(size !== undefined && { size }),
    kubernetes: { ...kubernetes, version: kubernetes.version ?? settings?.versions.default ?? '' },
    controlPlane: { ...controlPlane, deployment: deploymentOf(spec, settings) },
    addons: addonsOf(spec, settings),
  };
}

function deploymentOf(spec: TenantControlPlaneSpec, settings: ClassSettings | undefined) {
  const { deployment } = spec.controlPlane;
  const resources = deployment.resources ?? sizeOf(spec, settings)?.resources;
  const replicas = deployment.replicas ?? settings?.replicas.default ?? usual.replicas;
  return { ...deployment, replicas, ...(resources && { resources }) };
}

function budgetOf(spec: TenantControlPlaneSpec, settings: ClassSettings | undefined) {
  const offered = sizeOf(spec, settings)?.storageBudget;
  return offered || spec.storageBudget ? { ...offered, ...spec.storageBudget } : undefined;
}

function addonsOf({ addons }: TenantControlPlaneSpec, settings: ClassSettings | undefined) {
  const { coreDNS, kubeProxy } = settings?.addons ?? {};
  return {
    coreDNS: { ...addons.coreDNS, ...pick(usual.coreDNS, coreDNS, addons.coreDNS) },
    kubeProxy: { ...addons.kubeProxy, ...pick(usual.kubeProxy, kubeProxy, addons.kubeProxy) },
  };
}

/** The size of its class that a control plane has; undefined without sizes, and for a name that is none of them. */
export function sizeOf(spec: TenantControlPlaneSpec, settings: ClassSettings | undefined) {
  const name = spec.size ?? settings?.sizes?.default;
  return settings?.sizes?.offered.find((size) => size.name === name);
}

/** The keys of `usual`, each from the last that says something of it. */
function pick<T extends object>(
  usual: T,
  ...wishes: readonly (Partial<Widened<T>> | undefined)[]
): Widened<T> {
  const result = { ...usual } as Widened<T>;
  for (const wish of wishes) {
    for (const key of Object.keys(usual) as (keyof T)[]) {
      const value = wish?.[key];
      if (value !== undefined) result[key] = value;
    }
  }
  return result;
}

type Widened<T> = { -readonly [K in keyof T]: T[K] extends boolean ? boolean : number };

/** What both ask for; labels that contradict each other fit no store. */
function bothSelectors(
  first: LabelSelector | undefined,
  second: LabelSelector | undefined,
): LabelSelector | undefined {
  if (!first || !second) return first ?? second;
  const labels = Object.entries(second.matchLabels ?? {});
  const asExpressions = labels.map(([key, value]) => ({ key, operator: 'In' as const, values: [value] }));
  return {
    ...(first.matchLabels && { matchLabels: first.matchLabels }),
    matchExpressions: [
      ...(first.matchExpressions ?? []),
      ...(second.matchExpressions ?? []),
      ...asExpressions,
    ],
  };
}
