import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type TenantControlPlane, tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import { asMarina, serviceServer } from '../../controlplane/in-tenant/target.ts';
import { tenantNames } from '../../controlplane/names.ts';
import { TenantClients } from '../../controlplane/tenant-clients.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { isAnswerTooLarge } from '../../kube/http-errors.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { secrets, services } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import { ProblemError } from '../problem/problem.ts';
import { notThere } from '../resources/custom-resources.ts';
import { CLOCK, MANAGEMENT_CLIENT, TENANTS_NAMESPACE } from '../tokens.ts';

/** What one answer of a tenant may have: the largest Secret, which is 1 MiB and comes in base64, has to fit. */
const maxAnswerBytes = 2 * 1024 * 1024;

/** A tenant's cluster, from outside and from inside. */
export interface OpenTenant {
  readonly tenant: TenantControlPlane;
  /** `host:port` that workers and users connect to. */
  readonly address: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Its API servers, as Marina. */
  readonly client: KubeClient;
}

/** What is in REST of a tenant's own cluster is asked of its API server, as Marina; the caller was let in by the management cluster. */
@Injectable()
export class TenantAccess implements OnApplicationShutdown {
  private readonly client: KubeClient;
  private readonly namespace: string;
  private readonly tenants: TenantClients;

  constructor(
    @Inject(MANAGEMENT_CLIENT) client: KubeClient,
    @Inject(CLOCK) clock: Clock,
    @Inject(TENANTS_NAMESPACE) namespace: string,
  ) {
    this.client = client;
    this.namespace = namespace;
    // Any replica may serve REST: what it writes is no wish of the controller's, and needs no Lease.
    this.tenants = new TenantClients(clock, { assertHeld: () => undefined }, (each) => each, {
      maxAnswerBytes,
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tenants.close();
  }

  /** `use` is given the tenant's API server. Rejects with a `ProblemError` when there is none, or none that answers. */
  async within<T>(ref: ObjectRef, use: (open: OpenTenant) => Promise<T>): Promise<T> {
    const open = await this.open(ref);
    try {
      return await use(open);
    } catch (error: unknown) {
      throw isKubeError(error) ? inTenant(ref, error) : error;
    }
  }

  private async open(ref: ObjectRef): Promise<OpenTenant> {
    const tenant = await this.client.get(tenantControlPlanes, ref);
    if (!tenant) throw notThere({ noun: 'control plane' }, ref);
    const names = tenantNames(tenant, this.namespace);
    const owned = (name: string) => ({ namespace: names.namespace, name });
    const [roots, certificates, service] = await Promise.all([
      this.client.get(secrets, owned(names.roots)),
      this.client.get(secrets, owned(names.certificates)),
      this.client.get(services, owned(names.service)),
    ]);
    const address = tenant.status?.controlPlaneEndpoint;
    const certificateAuthority = decodeData(roots)['ca.crt'];
    if (!certificates || !service || address === undefined || certificateAuthority === undefined)
      throw new ProblemError(
        'Conflict',
        `Control plane ${ref.name} is not there yet: wait until it is Ready.`,
      );
    const target = asMarina(serviceServer(service, names), {
      names,
      certificateAuthority,
      certificates: decodeData(certificates),
    });
    return { tenant, address, certificateAuthority, client: await this.tenants.client(target) };
  }
}

/** Its own refusals, by its webhooks, policies and quotas, are the user's to know; its silence is not Marina's failure. */
function inTenant({ name }: ObjectRef, error: unknown): unknown {
  if (isAnswerTooLarge(error))
    return new ProblemError('Conflict', `Control plane ${name} has more in its Secrets than can be shown.`, {
      cause: error,
    });
  const isSilent = isKubeError(
    error,
    'Unreachable',
    'Timeout',
    'ServiceUnavailable',
    'InternalError',
    'Unauthorized',
  );
  if (!isSilent) return error;
  const detail = `The API server of control plane ${name} does not answer; see its status.`;
  return new ProblemError('Unavailable', detail, { retryAfterSeconds: 5, cause: error });
}
