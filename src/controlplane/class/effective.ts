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

/** What class and quota are asked about, of a specification that is complete. */
export function askedFor({ kubernetes, controlPlane, storageBudget }: CompleteSpec): Admitted {
  const { deployment, service } = controlPlane;
  const { serviceType, loadBalancerClass } = service;
  return {
    version: kubernetes.version,
    replicas: deployment.replicas,
    ...(deployment.resources && { resources: deployment.resources }),
    ...(storageBudget && { storageBudget }),
    serviceType,
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
  };
}

function withAdmitted(wanted: CompleteSpec, admitted: Admitted): CompleteSpec {
  const { storageBudget: _budget, ...rest } = wanted;
  const { resources: _resources, ...deployment } = wanted.controlPlane.deployment;
  const { resources, storageBudget } = admitted;
  return {
    ...rest,
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
function serviceOf(wanted: Service, { serviceType, loadBalancerClass }: Admitted): Service {
  if (wanted.serviceType === serviceType) return wanted;
  const { additionalMetadata } = wanted;
  return {
    serviceType,
    allocateLoadBalancerNodePorts: true,
    ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    ...(additionalMetadata && { additionalMetadata }),
  };
}

function withoutFlags(spec: CompleteSpec): CompleteSpec {
  const extraArgs = { apiServer: [], controllerManager: [], scheduler: [] };
  const { deployment } = spec.controlPlane;
  return { ...spec, controlPlane: { ...spec.controlPlane, deployment: { ...deployment, extraArgs } } };
}
