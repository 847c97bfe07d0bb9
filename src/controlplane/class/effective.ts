import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { type CompleteSpec, completeSpec, type CompleteTenant } from './complete.ts';

/**
 * The control plane as it is to be now: its own wish and the class that is in force, as far as class and quota have let it in. Only of what the object itself
 * says, so that whoever asks, before and after a crash, is told the same.
 */
export function effectiveTenant(tenant: TenantControlPlane): CompleteTenant {
  const { class: inForce, admitted } = tenant.status ?? {};
  const wanted = completeSpec(tenant.spec, inForce?.settings);
  if (!admitted) return { ...tenant, spec: wanted };
  const spec = withAdmitted(wanted, admitted);
  return { ...tenant, spec: inForce?.settings.limits.extraArgs === false ? withoutFlags(spec) : spec };
}

/** How the API server is published: what class and quota are asked about, and what goes with it. */
export type Publishing = Pick<
  Admitted,
  'serviceType' | 'loadBalancerClass' | 'loadBalancerSourceRanges' | 'allocateLoadBalancerNodePorts'
>;

/** What class and quota are asked about, of a specification that is complete. */
export function askedFor(spec: CompleteSpec): Admitted {
  const { kubernetes, controlPlane, storageBudget, className, size } = spec;
  const { deployment, service } = controlPlane;
  return {
    version: kubernetes.version,
    replicas: deployment.replicas,
    ...(deployment.resources && { resources: deployment.resources }),
    ...(storageBudget && { storageBudget }),
    ...publishingOf(service),
    ...(className !== undefined && { className }),
    ...(size !== undefined && { size }),
  };
}

/** Settings of a load balancer are those of a Service of that type alone; node ports are what it has unless it says otherwise. */
export function publishingOf(service: Publishing): Publishing {
  const { serviceType, loadBalancerClass, loadBalancerSourceRanges } = service;
  if (serviceType !== 'LoadBalancer') return { serviceType };
  return {
    serviceType,
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    ...(loadBalancerSourceRanges && { loadBalancerSourceRanges }),
    ...(service.allocateLoadBalancerNodePorts === false && { allocateLoadBalancerNodePorts: false }),
  };
}

function withAdmitted(wanted: CompleteSpec, admitted: Admitted): CompleteSpec {
  const { storageBudget: _budget, size: _size, ...rest } = wanted;
  const { resources: _resources, ...deployment } = wanted.controlPlane.deployment;
  const { resources, storageBudget, size } = admitted;
  return {
    ...rest,
    ...(size !== undefined && { size }),
    ...(storageBudget && { storageBudget }),
    kubernetes: { ...wanted.kubernetes, version: admitted.version },
    controlPlane: {
      deployment: { ...deployment, replicas: admitted.replicas, ...(resources && { resources }) },
      service: serviceOf(wanted.controlPlane.service, admitted),
    },
  };
}

type Service = CompleteSpec['controlPlane']['service'];

/** Settings of a load balancer are for the type that they were written with. */
function serviceOf(wanted: Service, admitted: Admitted): Service {
  if (wanted.serviceType === admitted.serviceType) return wanted;
  const { additionalMetadata } = wanted;
  return {
    allocateLoadBalancerNodePorts: true,
    ...publishingOf(admitted),
    ...(additionalMetadata && { additionalMetadata }),
  };
}

function withoutFlags(spec: CompleteSpec): CompleteSpec {
  const extraArgs = { apiServer: [], controllerManager: [], scheduler: [] };
  const { deployment } = spec.controlPlane;
  return { ...spec, controlPlane: { ...spec.controlPlane, deployment: { ...deployment, extraArgs } } };
}
