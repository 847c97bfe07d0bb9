import { isDeepStrictEqual } from 'node:util';
import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Clock } from '../../engine/clock.ts';
import type { ControlPlaneCaches } from '../view.ts';
import type { StatusWriter } from '../write-status.ts';
import { strictest } from './amounts.ts';
import { claimOf } from './claim.ts';
import { type AdmissionOutcome, decideAdmission } from './decide.ts';

export interface AdmissionOptions {
  readonly caches: Pick<ControlPlaneCaches, 'tenants' | 'classes' | 'quotas' | 'dataStores'>;
  readonly statusWriter: StatusWriter;
  readonly clock: Clock;
}

/** Lets control planes in by their class and the quota of their namespace. Without either nothing is read or written for it. */
export class Admission {
  private readonly options: AdmissionOptions;
  /** What is being written just now, by uid: those beside it are to know. */
  private readonly onTheirWay = new Map<string, Admitted>();

  constructor(options: AdmissionOptions) {
    this.options = options;
  }

  /** The control plane with what was let in, in its status. Rejects with `Conflict` when the object has changed since it was read. */
  async admit(
    tenant: TenantControlPlane,
  ): Promise<AdmissionOutcome & { readonly tenant: TenantControlPlane }> {
    const { caches, statusWriter, clock } = this.options;
    const namespace = tenant.metadata?.namespace ?? '';
    const quotas = caches.quotas.list({ namespace });
    const hard = quotas.length > 0 ? strictest(quotas.map(({ spec }) => spec)) : undefined;
    const labelsOf = (name: string) => {
      const store = caches.dataStores.get({ name });
      return store && (store.metadata?.labels ?? {});
    };
    const claims = () =>
      caches.tenants.list({ namespace }).map((each) =>
        claimOf(each, {
          newest: this.classOf(each),
          hard: hard ?? {},
          labelsOf,
          onItsWay: this.onTheirWay.get(each.metadata?.uid ?? ''),
        }),
      );
    const outcome = decideAdmission({
      tenant,
      newest: this.classOf(tenant),
      hard,
      claims,
      labelsOf,
      now: clock.now(),
    });
    const { class: inForce, admitted } = outcome;
    const isSame =
      isDeepStrictEqual(inForce, tenant.status?.class) &&
      isDeepStrictEqual(admitted, tenant.status?.admitted);
    if (isSame) return { ...outcome, tenant };
    const uid = tenant.metadata?.uid ?? '';
    if (admitted) this.onTheirWay.set(uid, admitted);
    try {
      const status = { ...tenant.status, class: inForce, admitted };
      return { ...outcome, tenant: await statusWriter.write(tenant, status) };
    } finally {
      this.onTheirWay.delete(uid);
    }
  }

  private classOf({ spec }: TenantControlPlane): ControlPlaneClass | undefined {
    return spec.className === undefined
      ? undefined
      : this.options.caches.classes.get({ name: spec.className });
  }
}
