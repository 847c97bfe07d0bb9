import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneResources } from '../../api/v1alpha1/resources.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Deployment, Service } from '../../kube/resources.ts';
import { restoreNamedBy } from '../restore/awaited.ts';
import { askedFor, effectiveTenant, type Publishing, publishingOf } from './effective.ts';

/** What has been made of a control plane, as far as it tells what that one is. */
export interface Made {
  readonly deployment?: Deployment | undefined;
  readonly service?: Service | undefined;
}

/**
 * What a control plane is that nobody has had to let in so far: what was made of it, then what its status says, and what nothing tells is as its
 * specification says. Undefined where nothing tells its version.
 */
export function runningOf(tenant: TenantControlPlane, made: Made): Admitted | undefined {
  const { deployment, service } = made;
  const asked = askedFor(effectiveTenant(tenant).spec);
  const version = imageVersion(deployment) ?? reportedVersion(tenant) ?? asked.version;
  if (version === '') return undefined;
  const { storageBudget } = asked;
  const resources = deployment ? resourcesOf(deployment) : asked.resources;
  return {
    version,
    replicas: replicasOf(tenant, deployment) ?? asked.replicas,
    ...(resources && { resources }),
    ...(storageBudget && { storageBudget }),
    ...(publishedAs(service) ?? publishingOf(asked)),
  };
}

/** Of one that a restore keeps at rest there are no pods, whatever it is to be. */
function replicasOf(tenant: TenantControlPlane, deployment: Deployment | undefined): number | undefined {
  const replicas = deployment?.spec?.replicas;
  return replicas === 0 && restoreNamedBy(tenant) !== undefined ? undefined : replicas;
}

const containers = {
  apiServer: 'kube-apiserver',
  controllerManager: 'kube-controller-manager',
  scheduler: 'kube-scheduler',
} as const satisfies Record<keyof ControlPlaneResources, string>;

function imageVersion(deployment: Deployment | undefined): string | undefined {
  const image = deployment && containerOf(deployment, containers.apiServer)?.image;
  return /:(v1\.\d+\.\d+)[^/]*$/.exec(image ?? '')?.[1];
}

/** Without what a build of its own appends. */
function reportedVersion({ status }: TenantControlPlane): string | undefined {
  return /^v1\.\d+\.\d+/.exec(status?.version ?? '')?.[0];
}

function resourcesOf(deployment: Deployment): ControlPlaneResources {
  return Object.fromEntries(
    Object.entries(containers).map(([program, name]) => {
      const { requests, limits } = containerOf(deployment, name)?.resources ?? {};
      return [program, { ...(requests && { requests }), ...(limits && { limits }) }];
    }),
  );
}

function containerOf({ spec }: Deployment, name: string) {
  return spec?.template.spec?.containers.find((container) => container.name === name);
}

function publishedAs(service: Service | undefined): Publishing | undefined {
  const { type, ...spec } = service?.spec ?? {};
  if (type !== 'ClusterIP' && type !== 'NodePort' && type !== 'LoadBalancer') return undefined;
  return publishingOf({ ...spec, serviceType: type });
}
