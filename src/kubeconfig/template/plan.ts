import { isDeepStrictEqual } from 'node:util';
import { type KubeconfigTemplate, kubeconfigTemplates } from '../../api/v1alpha1/kubeconfig-template.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type TenantKubeconfig, tenantKubeconfigs } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import { contentHash } from '../../controlplane/content-hash.ts';
import { matches } from '../../controlplane/placement/label-selector.ts';
import { labels } from '../names.ts';

/** Characters of a name, and those of the hash that stands for what is cut off. */
const nameLength = 63;
const hashLength = 8;

export interface TemplatePlan {
  /** Control planes that are selected. */
  readonly selected: number;
  readonly create: readonly TenantKubeconfig[];
  /** With the spec that they are to have. */
  readonly change: readonly TenantKubeconfig[];
  /** No longer wanted, or to be made anew: what a certificate says cannot be changed. */
  readonly delete: readonly TenantKubeconfig[];
  /** Names of wanted ones that something else has. */
  readonly taken: readonly string[];
}

export interface TemplateWorld {
  /** TenantControlPlanes of the template’s namespace. */
  readonly tenants: readonly TenantControlPlane[];
  /** TenantKubeconfigs of the template’s namespace. */
  readonly kubeconfigs: readonly TenantKubeconfig[];
}

/** What is missing, wrong and too much. */
export function planTemplate(
  template: KubeconfigTemplate,
  { tenants, kubeconfigs }: TemplateWorld,
): TemplatePlan {
  const selected = tenants.filter(
    ({ metadata }) =>
      !metadata?.deletionTimestamp && matches(template.spec.controlPlaneSelector, metadata?.labels ?? {}),
  );
  const wanted = new Map(
    selected.map((tenant) => buildTenantKubeconfig(template, tenant)).map((each) => [nameOf(each), each]),
  );
  const present = new Map(kubeconfigs.map((each) => [nameOf(each), each]));
  const own = kubeconfigs.filter((each) => isMadeBy(template, each));
  const names = [...wanted.keys()];
  return {
    selected: selected.length,
    create: names.filter((name) => !present.has(name)).flatMap((name) => wanted.get(name) ?? []),
    change: own.flatMap((each) => {
      const next = wanted.get(nameOf(each));
      return next && isSameIdentity(each, next) && !isSameTerm(each, next)
        ? [{ ...each, spec: next.spec }]
        : [];
    }),
    delete: own.filter((each) => {
      const next = wanted.get(nameOf(each));
      return !each.metadata?.deletionTimestamp && !(next && isSameIdentity(each, next));
    }),
    taken: names.filter((name) => {
      const there = present.get(name);
      return there !== undefined && !isMadeBy(template, there);
    }),
  };
}

/** The TenantKubeconfig of one control plane; it goes with the template. */
export function buildTenantKubeconfig(
  template: KubeconfigTemplate,
  tenant: TenantControlPlane,
): TenantKubeconfig {
  const { name = '', namespace = '', uid = '' } = template.metadata ?? {};
  const controlPlaneName = tenant.metadata?.name ?? '';
  const { user, ...rest } = template.spec.template;
  return {
    apiVersion: tenantKubeconfigs.apiVersion,
    kind: tenantKubeconfigs.kind,
    metadata: {
      name: kubeconfigName(name, controlPlaneName),
      namespace,
      labels: { [labels.template]: name },
      ownerReferences: [
        {
          apiVersion: kubeconfigTemplates.apiVersion,
          kind: kubeconfigTemplates.kind,
          name,
          uid,
          controller: true,
        },
      ],
    },
    spec: {
      ...rest,
      controlPlaneName,
      user: user.replaceAll('{namespace}', namespace).replaceAll('{name}', controlPlaneName),
    },
  };
}

/** `<template>-<control plane>`; of one that is too long the beginning, and a hash of all of it. */
export function kubeconfigName(template: string, controlPlane: string): string {
  const whole = `${template}-${controlPlane}`;
  if (whole.length <= nameLength) return whole;
  const hash = contentHash([template, controlPlane]).slice(0, hashLength);
  return `${whole.slice(0, nameLength - hashLength - 1).replace(/-+$/, '')}-${hash}`;
}

export function isMadeBy({ metadata }: KubeconfigTemplate, kubeconfig: TenantKubeconfig): boolean {
  return kubeconfig.metadata?.ownerReferences?.some(({ uid }) => uid === metadata?.uid) ?? false;
}

/** What a TenantKubeconfig does not let be changed. */
function isSameIdentity(a: TenantKubeconfig, b: TenantKubeconfig): boolean {
  return isDeepStrictEqual(identityOf(a), identityOf(b));
}

function identityOf({ spec }: TenantKubeconfig): unknown {
  const { controlPlaneName, user, groups, clusterRole, namespaces } = spec;
  return [controlPlaneName, user, groups.toSorted(), clusterRole, namespaces.toSorted()];
}

function isSameTerm(a: TenantKubeconfig, b: TenantKubeconfig): boolean {
  return a.spec.lifetimeSeconds === b.spec.lifetimeSeconds && a.spec.renew === b.spec.renew;
}

function nameOf({ metadata }: TenantKubeconfig): string {
  return metadata?.name ?? '';
}
