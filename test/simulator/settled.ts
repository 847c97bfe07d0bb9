import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../../src/controlplane/class/complete.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { trace } from './actions.ts';
import { idOf, tenantsNamespace } from './tenant-clusters.ts';
import { userNamespace } from './settings.ts';
import type { World } from './world.ts';

export interface Finding {
  /** Of reliability's list. */
  readonly invariant: 'I3' | 'I4' | 'I5' | 'I6';
  readonly message: string;
}

const traceInBase64 = Buffer.from(trace).toString('base64');

/** What is not as it should be where Marina is told of every change. */
export function inspectSettled(world: World): Finding[] {
  const tenants = world.tenants() as unknown as TenantControlPlane[];
  return [...tenants.flatMap((tenant) => inspectTenant(world, tenant)), ...inspectGone(world)];
}

/** What is not as it should be where Marina has to look by itself. */
export function inspectEnd(world: World): Finding[] {
  const findings = inspectSettled(world);
  for (const { metadata } of world.tenants()) {
    const id = idOf(metadata?.uid);
    const name = world.nameOf(id);
    if (!world.management.peek('secrets', `${userNamespace}/${metadata?.name}-kubeconfig`)) {
      findings.push({ invariant: 'I4', message: `${name} has no admin kubeconfig` });
    }
    const inside = world.store.data.get(id);
    if (world.workloads.serving(id).length === 0) continue;
    for (const key of [
      'kube-public/cluster-info',
      'kube-system/kubeadm-config',
      'kube-system/kubelet-config',
    ]) {
      if (!inside?.peek('configmaps', key))
        findings.push({ invariant: 'I4', message: `${key} is missing in ${name}` });
    }
    const spoilt = ['configmaps', 'clusterrolebindings', 'deployments', 'endpointslices', 'services'].flatMap(
      (plural) => (inside?.all(plural) ?? []).filter((object) => JSON.stringify(object).includes(trace)),
    );
    for (const { metadata: at } of spoilt) {
      findings.push({ invariant: 'I4', message: `${at?.name} inside ${name} is as hands left it` });
    }
  }
  return findings;
}

function inspectTenant(world: World, tenant: TenantControlPlane): Finding[] {
  const { metadata, spec, status } = tenant;
  const id = idOf(metadata?.uid);
  const finding: MakeFinding = (invariant, message) => ({
    invariant,
    message: `${world.nameOf(id)} ${message}`,
  });
  if (metadata?.deletionTimestamp) return [finding('I4', `is still being deleted: ${readiness(tenant)}`)];
  const wanted = completeSpec(spec).controlPlane.deployment.replicas;
  const pods = world.workloads.of(id).length;
  const serving = world.workloads.serving(id).length;
  const findings = wanted === 0 ? inspectStopped(tenant, finding) : inspectConditions(tenant, finding);
  if (status?.observedGeneration !== metadata?.generation) findings.push(finding('I4', 'is not looked at'));
  if (serving !== wanted || pods !== wanted) {
    findings.push(finding('I4', `has ${serving} pods that serve, of ${pods}; wanted ${wanted}`));
  }
  return findings.length > 0 ? findings : inspectOwned(world, id, finding);
}

type MakeFinding = (invariant: Finding['invariant'], message: string) => Finding;

function inspectStopped(tenant: TenantControlPlane, finding: MakeFinding): Finding[] {
  const phase = tenant.status?.phase;
  return phase === 'Stopped' ? [] : [finding('I5', `is ${phase}, not Stopped: ${readiness(tenant)}`)];
}

function inspectConditions({ status }: TenantControlPlane, finding: MakeFinding): Finding[] {
  const conditions = status?.conditions ?? [];
  if (!findCondition(conditions, 'Ready')) return [finding('I4', 'says nothing of Ready')];
  return conditions
    .filter((condition) => condition.status !== 'True')
    .map(({ type, reason, message }) => finding('I4', `is not ${type}: ${reason}: ${message}`));
}

function readiness({ status }: TenantControlPlane): string {
  const ready = findCondition(status?.conditions, 'Ready');
  return `${ready?.reason}: ${ready?.message}`;
}

function inspectOwned(world: World, id: string, finding: MakeFinding): Finding[] {
  const { management, store } = world;
  const findings: Finding[] = [];
  const owned = [
    ['services', id],
    ['deployments', id],
    ['configmaps', `${id}-config`],
    ['secrets', `${id}-roots`],
    ['secrets', `${id}-certificates`],
    ['secrets', `${id}-datastore`],
  ] as const;
  for (const [plural, name] of owned) {
    const object = management.peek(plural, `${tenantsNamespace}/${name}`);
    if (!object) findings.push(finding('I4', `has no ${plural} ${name}`));
    else if (!object.metadata?.labels?.['app.kubernetes.io/managed-by']) {
      findings.push(finding('I4', `has lost sight of ${plural} ${name}`));
    }
  }
  if (!store.serves(id)) findings.push(finding('I3', 'has no partition'));
  // Reading all of it costs more than the rest.
  if (findings.length > 0) return findings;
  for (const [plural, name] of owned) {
    const text = JSON.stringify(management.peek(plural, `${tenantsNamespace}/${name}`));
    if (text.includes(trace) || text.includes(traceInBase64)) {
      findings.push(finding('I4', `leaves ${plural} ${name} as hands left it`));
    }
  }
  return findings;
}

function inspectGone(world: World): Finding[] {
  const here = new Set(world.tenants().map(({ metadata }) => idOf(metadata?.uid)));
  const findings: Finding[] = [];
  for (const id of world.truth.everyone) {
    if (here.has(id)) continue;
    for (const left of world.truth.remains(id)) {
      findings.push({ invariant: 'I6', message: `${world.nameOf(id)} is gone, but not ${left}` });
    }
  }
  return findings;
}
