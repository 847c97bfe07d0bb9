import { isIP } from 'node:net';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { contentHash } from '../content-hash.ts';
import type { CertificateFiles } from '../certificates/plan.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import type { Workload } from '../deployment/observe.ts';
import type { Roots } from '../roots/material.ts';
import { type Endpoint, formatEndpoint } from '../service/endpoint.ts';
import type { TenantClients, TenantTarget } from '../tenant-clients.ts';
import type { View } from '../view.ts';
import { bootstrapInput } from './input.ts';
import { lookAgain, lookAgainMs, soon } from './backoff.ts';
import { needsLook, type TenantMemory } from './memory.ts';
import { asMarina, directServer, type MarinasCredential, serviceServer } from './target.ts';
import { buildInTenant, type InTenantResult, nothingWritten, syncInTenant } from './sync.ts';

/** What is known of the inside of a tenant cluster. */
export interface Inside extends Pick<InTenantResult, 'bootstrap' | 'addons'> {
  readonly endpointCheck: StepResult;
  /** What had been changed by hand and was put back, e.g. `ConfigMap kube-public/cluster-info (data.kubeconfig)`. */
  readonly putBack: readonly string[];
  readonly version?: string;
  /** Of the objects that are there now, when all of them are. */
  readonly hash?: string;
}

export interface LookInput {
  readonly view: View;
  readonly endpoint: Endpoint;
  readonly roots: Roots;
  readonly certificates: CertificateFiles;
  readonly workload: Workload;
  readonly signal: AbortSignal;
}

export interface LookDependencies {
  readonly clients: Pick<TenantClients, 'client'>;
  readonly clock: Clock;
  readonly resyncMs: number;
  /** Resolves a DNS name to its IP addresses. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
}

interface Remembered extends TenantMemory {
  readonly inside: Inside;
}

/** A tenant that is not settled, and how often it was looked at since what is wanted or who serves it changed. */
interface Unsettled {
  readonly state: string;
  readonly attempts: number;
}

/** Characters that status.version holds. */
const maxVersion = 128;

/** Looks into tenant clusters: on demand, and again only when something may have changed there. */
export class InTenantLooks {
  private readonly remembered = new Map<string, Remembered>();
  private readonly unsettled = new Map<string, Unsettled>();
  private readonly dependencies: LookDependencies;

  constructor(dependencies: LookDependencies) {
    this.dependencies = dependencies;
  }

  /** Rejects with a `KubeError` when the tenant's API server fails in a way that is no answer. */
  async look(input: LookInput): Promise<Inside> {
    const { clock, resyncMs } = this.dependencies;
    const { tenant } = input.view;
    const uid = tenant.metadata?.uid ?? '';
    const addresses = await this.endpointAddresses(input);
    if (addresses.state !== 'Done') return unreached(addresses);

    const wanted = bootstrapInput(tenant, input.endpoint, addresses.value, input.roots['ca.crt']);
    const incarnations = input.workload.serving.map((pod) => pod.incarnation).join();
    const current = { inputHash: contentHash(wanted), incarnations };
    const before = this.remembered.get(uid);
    const nowMs = clock.monotonicMs();
    if (before && !needsLook(before, current, nowMs, resyncMs)) return before.inside;

    const built = buildInTenant(wanted);
    if (!built.ok) {
      return this.spaced(uid, 'unbuildable', {
        ...built.problem,
        endpointCheck: await this.checkEndpoint(input),
        putBack: [],
      });
    }
    const [inTenant, endpointCheck, version] = await Promise.all([
      this.syncObjects(input, wanted, built.objects),
      this.checkEndpoint(input),
      this.readVersion(input),
    ]);
    // What Marina itself wants anew is no drift. The status outlives this process.
    const isDrift = (before?.inside.hash ?? tenant.status?.bootstrapHash) === built.hash;
    const inside = afterDrift(inTenant, isDrift ? inTenant.written : nothingWritten);
    const complete: Inside = {
      ...inside,
      endpointCheck,
      ...(version && { version }),
      ...(inTenant.bootstrap.state === 'Done' && inTenant.addons.state === 'Done' && { hash: built.hash }),
    };
    if (isSettled(complete)) {
      this.remembered.set(uid, { ...current, checkedAtMs: nowMs, inside: { ...complete, putBack: [] } });
    }
    return this.spaced(uid, JSON.stringify(current), complete);
  }

  forget(uid: string): void {
    this.remembered.delete(uid);
    this.unsettled.delete(uid);
  }

  /** Spaces out the looks at a tenant that does not settle, so that it cannot keep the workers from the others. */
  private spaced(uid: string, state: string, inside: Inside): Inside {
    if (isSettled(inside)) {
      this.unsettled.delete(uid);
      return inside;
    }
    const before = this.unsettled.get(uid);
    const attempts = before?.state === state ? before.attempts : 0;
    this.unsettled.set(uid, { state, attempts: attempts + 1 });
    const ms = lookAgainMs(attempts);
    return {
      ...inside,
      bootstrap: lookAgain(inside.bootstrap, ms),
      addons: lookAgain(inside.addons, ms),
      endpointCheck: lookAgain(inside.endpointCheck, ms),
    };
  }

  private async syncObjects(
    input: LookInput,
    wanted: ReturnType<typeof bootstrapInput>,
    objects: Parameters<typeof syncInTenant>[1],
  ): Promise<InTenantResult> {
    const [direct, throughService] = await Promise.all([
      this.dependencies.clients.client(directTarget(input)),
      this.dependencies.clients.client(serviceTarget(input)),
    ]);
    return syncInTenant(wanted, objects, {
      direct,
      throughService,
      now: this.dependencies.clock.now(),
      signal: input.signal,
    });
  }

  /** IP addresses for the tenant's `kubernetes` Service. */
  private async endpointAddresses({ view, endpoint }: LookInput): Promise<StepResult<readonly string[]>> {
    const { advertiseAddress } = view.tenant.spec.networkProfile;
    if (advertiseAddress) return done([advertiseAddress]);
    if (isIP(endpoint.host) !== 0) return done([endpoint.host]);
    try {
      return done(await this.dependencies.resolve(endpoint.host));
    } catch (error: unknown) {
      const message = `${endpoint.host} does not resolve to an IP address; set spec.networkProfile.advertiseAddress if only workers can resolve it.`;
      return failed('AddressUnresolved', message, error);
    }
  }

  /** Asks the published address as a worker would: without a credential, trusting only the cluster's root. */
  private async checkEndpoint({ view, endpoint, roots, signal }: LookInput): Promise<StepResult> {
    if (view.tenant.spec.networkProfile.endpointCheck === 'Skip') return done(undefined);
    try {
      const client = await this.dependencies.clients.client({
        server: `https://${formatEndpoint(endpoint)}`,
        certificateAuthority: roots['ca.crt'],
      });
      const { status } = await client.probe('/readyz', { signal, timeoutMs: 3000 });
      if (status === 200) return done(undefined);
      return waiting(
        'EndpointNotReady',
        `${formatEndpoint(endpoint)} answers /readyz with status ${status}.`,
        soon,
      );
    } catch (error: unknown) {
      if (!isKubeError(error)) throw error;
      const message = `${formatEndpoint(endpoint)} does not answer from inside the management cluster: ${error.message}. Set spec.networkProfile.endpointCheck to Skip if that is as it should be.`;
      return waiting('EndpointUnreachable', message, soon);
    }
  }

  private async readVersion(input: LookInput): Promise<string | undefined> {
    const client: KubeClient = await this.dependencies.clients.client(directTarget(input));
    const { status, body } = await client.probe('/version', { signal: input.signal });
    return status === 200 ? versionIn(body) : undefined;
  }
}

/** Whatever image the tenant asked for writes it. */
function versionIn(body: string): string | undefined {
  try {
    const { gitVersion } = JSON.parse(body) as { gitVersion?: unknown };
    return typeof gitVersion === 'string' ? gitVersion.slice(0, maxVersion) : undefined;
  } catch {
    return undefined;
  }
}

/** What was put back has to be seen intact once more before a condition says so. */
function afterDrift(
  inTenant: InTenantResult,
  drift: InTenantResult['written'],
): Omit<Inside, 'endpointCheck'> {
  const step = (result: StepResult, changed: readonly string[]): StepResult =>
    changed.length === 0 || result.state === 'Failed'
      ? result
      : waiting('PutBack', `Changed by hand and put back: ${changed.join('; ')}`, soon);
  return {
    bootstrap: step(inTenant.bootstrap, drift.bootstrap),
    addons: step(inTenant.addons, drift.addons),
    putBack: [...drift.bootstrap, ...drift.addons],
  };
}

function unreached(problem: StepResult<never>): Inside {
  const bootstrap = waiting('EndpointPending', 'Waiting for the published address.');
  return { bootstrap, addons: bootstrap, putBack: [], endpointCheck: problem };
}

function isSettled(inside: Inside): boolean {
  return [inside.bootstrap, inside.addons, inside.endpointCheck].every((step) => step.state === 'Done');
}

function directTarget(input: LookInput): TenantTarget {
  return asMarina(directServer(input.workload.serving[0]), credentialOf(input));
}

function serviceTarget(input: LookInput): TenantTarget {
  const { service, names } = input.view;
  return asMarina(serviceServer(service, names), credentialOf(input));
}

function credentialOf({ view, roots, certificates }: LookInput): MarinasCredential {
  return { names: view.names, certificateAuthority: roots['ca.crt'], certificates };
}
