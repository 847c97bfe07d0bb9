import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { wantedCertificates } from '../../src/controlplane/certificates/plan.ts';
import { waiting } from '../../src/controlplane/component.ts';
import { buildConfig } from '../../src/controlplane/config/build.ts';
import { contentHash } from '../../src/controlplane/content-hash.ts';
import { buildDeployment } from '../../src/controlplane/deployment/build.ts';
import type { StoreAccess } from '../../src/controlplane/deployment/store-access.ts';
import { explainInvalidDeployment } from '../../src/controlplane/deployment/explain-invalid.ts';
import { buildDisruptionBudget } from '../../src/controlplane/disruption-budget/build.ts';
import type { CompleteTenant } from '../../src/controlplane/class/complete.ts';
import { effectiveTenant } from '../../src/controlplane/class/effective.ts';
import { bootstrapInput } from '../../src/controlplane/in-tenant/input.ts';
import { buildInTenant } from '../../src/controlplane/in-tenant/sync.ts';
import { type TenantNames, tenantNames } from '../../src/controlplane/names.ts';
import { buildService } from '../../src/controlplane/service/build.ts';
import { resolveEndpoint } from '../../src/controlplane/service/endpoint.ts';
import { explainInvalidService } from '../../src/controlplane/service/explain-invalid.ts';
import { outOfLimits } from '../../src/controlplane/spec-limits.ts';
import { buildStatus } from '../../src/controlplane/status.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { differences } from '../../src/kube/differences.ts';
import { KubeError } from '../../src/kube/errors.ts';
import type { KubeObject, Resource } from '../../src/kube/resource.ts';
import { configMaps, deployments, podDisruptionBudgets, services } from '../../src/kube/resources.ts';
import { createAuthority, createLeaf, type Credential } from './certificates.ts';

/** Builders look at the uid for names alone; one for all lets equal objects be applied once. */
const uid = '5f0c9a4e-2d39-4f0e-9a53-3b8c4b6f7a10';

const store: StoreAccess = {
  driver: 'postgres',
  endpoints: ['postgres.example.com:5432'],
  partition: 'tl4gjutrnhfhq5gsthogew332ca',
  readAtStart: ['PEM'],
};

/** Everything that Marina makes of a spec, built and shown to a real API server, without a reconcile. */
export class BuiltObjects {
  private readonly client: KubeClient;
  private readonly authority: Credential;
  /** Problems of objects that were applied before, by content. */
  private readonly known = new Map<string, Promise<string | undefined>>();

  private constructor(client: KubeClient, authority: Credential) {
    this.client = client;
    this.authority = authority;
  }

  static async against(client: KubeClient): Promise<BuiltObjects> {
    return new BuiltObjects(client, await createAuthority('kubernetes'));
  }

  /**
   * What conditions would say about the spec of a tenant; none: all of it is built, the API server takes it, and a second
   * look finds nothing to write. Rejects when a builder throws what it does not declare, or a refusal has no explanation.
   */
  async problemsOf(live: TenantControlPlane): Promise<readonly string[]> {
    const tenant = effectiveTenant({ ...live, metadata: { ...live.metadata, uid } });
    const names = tenantNames(tenant, 'marina-tenants');
    const service = buildService(tenant, names);
    const beyond = outOfLimits(tenant);
    const problems = await Promise.all([
      this.problemOf(services, service, explainInvalidService),
      ...(beyond ? [beyond] : this.workload(tenant, names)),
      this.inside(tenant),
      this.certificates(tenant, names),
    ]);
    const pending = waiting('ApiServerPending', 'Waiting for the API server.');
    const progress = {
      ...{
        endpoint: resolveEndpoint(tenant, service, '192.0.2.7'),
        endpointCheck: pending,
        partition: pending,
      },
      ...{ certificates: pending, workload: pending, bootstrap: pending, addons: pending },
      ...{ adminKubeconfig: pending, pods: 0 },
    };
    buildStatus(tenant, names, progress, new Date());
    return problems.filter((problem) => problem !== undefined);
  }

  private workload(tenant: CompleteTenant, names: TenantNames): Promise<string | undefined>[] {
    const deployment = buildDeployment(tenant, names, {
      store,
      kineImage: 'kine',
      startupFilesHash: '0123456789abcdef',
    });
    const budget = buildDisruptionBudget(tenant, names);
    return [
      this.problemOf(configMaps, buildConfig(tenant, names), explainInvalidDeployment),
      this.problemOf(deployments, deployment, explainInvalidDeployment),
      ...(budget ? [this.problemOf(podDisruptionBudgets, budget, explainInvalidDeployment)] : []),
    ];
  }

  /** Of the inside only what the spec of a tenant reaches into. */
  private async inside(tenant: CompleteTenant): Promise<string | undefined> {
    const input = bootstrapInput(tenant, { host: '192.0.2.7', port: 6443 }, ['192.0.2.7'], 'PEM');
    const inside = buildInTenant(input);
    if (!inside.ok) {
      const failed = [inside.problem.bootstrap, inside.problem.addons].find(
        ({ state }) => state === 'Failed',
      );
      return failed?.state === 'Failed' ? failed.message : 'nothing is built, and nothing says why';
    }
    for (const { resource, object } of inside.objects) {
      if (resource !== configMaps && resource !== deployments) continue;
      const problem = await this.problemOf(resource, object, () => undefined);
      if (problem) return problem;
    }
    return undefined;
  }

  private async certificates(tenant: TenantControlPlane, names: TenantNames): Promise<undefined> {
    const published = [tenant.spec.networkProfile.address ?? '192.0.2.7'];
    const [serving] = wantedCertificates(tenant, names, { published, clusterIPs: ['10.96.0.1'] });
    if (tenant.spec.networkProfile.certSANs.length === 0 || !serving) return;
    const { dnsNames, ipAddresses } = serving;
    await createLeaf(this.authority, { commonName: 'kube-apiserver', dnsNames, ipAddresses });
  }

  private problemOf<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    explain: (error: KubeError) => string | undefined,
  ): Promise<string | undefined> {
    const hash = contentHash([resource.kind, object]);
    const before = this.known.get(hash) ?? this.applied(resource, object, explain);
    this.known.set(hash, before);
    return before;
  }

  private async applied<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    explain: (error: KubeError) => string | undefined,
  ): Promise<string | undefined> {
    try {
      const made = await this.client.apply(resource, object, { fieldManager: 'marina', dryRun: true });
      const again = differences(object, made);
      if (again.length > 0)
        throw new Error(`${resource.kind} would be written again and again: ${again.join()}`);
      return undefined;
    } catch (error: unknown) {
      const problem = error instanceof KubeError ? explain(error) : undefined;
      if (!problem) throw error;
      return problem;
    }
  }
}
