import { isDeepStrictEqual } from 'node:util';
import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { Made } from '../class/running.ts';
import { tenantNames } from '../names.ts';
import type { ControlPlaneSettings } from '../settings.ts';
import type { ControlPlaneCaches } from '../view.ts';
import type { StatusWriter } from '../write-status.ts';
import { type Hard, strictest } from './amounts.ts';
import { claimOf } from './claim.ts';
import { type AdmissionOutcome, decideAdmission } from './decide.ts';
import { LiveClaims } from './live-claims.ts';

export interface AdmissionOptions {
  readonly client: Pick<KubeClient, 'list'>;
  readonly caches: Pick<
    ControlPlaneCaches,
    'tenants' | 'classes' | 'quotas' | 'dataStores' | 'deployments' | 'services'
  >;
  readonly statusWriter: StatusWriter;
  readonly settings: Pick<ControlPlaneSettings, 'namespace'>;
  readonly clock: Clock;
}

/** Lets control planes in by their class and the quota of their namespace. Without either nothing is read or written for it. */
export class Admission {
  private readonly options: AdmissionOptions;
  private readonly liveClaims: LiveClaims;
  /** What is being written just now, by uid: those beside it are to know. */
  private readonly onTheirWay = new Map<string, Admitted>();

  constructor(options: AdmissionOptions) {
    this.options = options;
    this.liveClaims = new LiveClaims({ ...options, tenants: options.caches.tenants });
  }

  /** The control plane with what was let in, in its status. Rejects with `Conflict` when the object has changed since it was read. */
  async admit(
    tenant: TenantControlPlane,
  ): Promise<AdmissionOutcome & { readonly tenant: TenantControlPlane }> {
    const namespace = tenant.metadata?.namespace ?? '';
    let outcome = this.decide(tenant);
    if (gives(outcome, tenant) && !this.liveClaims.isFresh(namespace)) {
      await this.liveClaims.refresh(namespace);
      outcome = this.decide(tenant);
    }
    const { class: inForce, admitted } = outcome;
    const isSame =
      isDeepStrictEqual(inForce, tenant.status?.class) &&
      isDeepStrictEqual(admitted, tenant.status?.admitted);
    if (isSame) return { ...outcome, tenant };
    const uid = tenant.metadata?.uid ?? '';
    if (admitted) this.onTheirWay.set(uid, admitted);
    try {
      const status = { ...tenant.status, class: inForce, admitted };
      return { ...outcome, tenant: await this.options.statusWriter.write(tenant, status) };
    } finally {
      this.onTheirWay.delete(uid);
    }
  }

  private decide(tenant: TenantControlPlane): AdmissionOutcome {
    const { caches, clock } = this.options;
    const namespace = tenant.metadata?.namespace ?? '';
    const quotas = caches.quotas.list({ namespace });
    const hard = quotas.length > 0 ? strictest(quotas.map(({ spec }) => spec)) : undefined;
    return decideAdmission({
      tenant,
      newest: this.classOf(tenant),
      hard,
      claims: () => caches.tenants.list({ namespace }).map((each) => this.claimOf(each, hard ?? {})),
      labelsOf: (name) => this.labelsOf(name),
      made: this.madeOf(tenant),
      now: clock.now(),
    });
  }

  private claimOf(tenant: TenantControlPlane, hard: Hard) {
    return claimOf(tenant, {
      newest: this.classOf(tenant),
      hard,
      labelsOf: (name) => this.labelsOf(name),
      made: this.madeOf(tenant),
      onItsWay: this.onTheirWay.get(tenant.metadata?.uid ?? ''),
    });
  }

  /** Asked for only where the status does not say what was let in. */
  private madeOf(tenant: TenantControlPlane): Made {
    if (tenant.status?.admitted) return {};
    const { caches, settings } = this.options;
    const { namespace, deployment, service } = tenantNames(tenant, settings.namespace);
    return {
      deployment: caches.deployments.get({ namespace, name: deployment }),
      service: caches.services.get({ namespace, name: service }),
    };
  }

  private labelsOf(dataStore: string): Readonly<Record<string, string>> | undefined {
    const store = this.options.caches.dataStores.get({ name: dataStore });
    return store && (store.metadata?.labels ?? {});
  }

  private classOf({ spec }: TenantControlPlane): ControlPlaneClass | undefined {
    return spec.className === undefined
      ? undefined
      : this.options.caches.classes.get({ name: spec.className });
  }
}

/** Whether something of a quota is about to be given out. */
function gives({ withinQuota, admitted }: AdmissionOutcome, { status }: TenantControlPlane): boolean {
  return withinQuota?.state === 'Done' && !isDeepStrictEqual(admitted, status?.admitted);
}
