import type { Admitted } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../class/complete.ts';
import { askedFor } from '../class/effective.ts';
import { admittedBefore, type LabelsOf, problemsIn, settingsOf } from '../class/in-force.ts';
import type { Made } from '../class/running.ts';
import { amountsOf, type Hard } from './amounts.ts';
import type { Claim } from './room.ts';

export interface ClaimFacts {
  /** The class that the control plane names, as it is now. */
  readonly newest: ControlPlaneClass | undefined;
  readonly hard: Hard;
  readonly labelsOf: LabelsOf;
  /** What was made of it, where nothing was let in yet. */
  readonly made?: Made;
  /** What it is being given just now. */
  readonly onItsWay?: Admitted | undefined;
}

/** The claim of one control plane, for the plan of its namespace. */
export function claimOf(tenant: TenantControlPlane, facts: ClaimFacts): Claim {
  const { uid = '', creationTimestamp: created = '' } = tenant.metadata ?? {};
  const held = facts.onItsWay ?? admittedBefore(tenant, facts.made);
  const asked = askedOf(tenant, facts, held);
  return {
    uid,
    created,
    ...(held && { holds: amountsOf(held) }),
    ...(asked && !lacksBudget(asked, held, facts.hard) && { wants: amountsOf(asked) }),
  };
}

/** Without a budget its share of a limited store would be endless. What was born without one keeps that. */
export function lacksBudget(asked: Admitted, held: Admitted | undefined, hard: Hard): boolean {
  if (hard.storageBytes === undefined || asked.storageBudget?.bytes !== undefined) return false;
  return !held || held.storageBudget?.bytes !== undefined;
}

/** Undefined of one that is being deleted, or that its class refuses anyway. */
function askedOf(
  tenant: TenantControlPlane,
  { newest, labelsOf }: ClaimFacts,
  held: Admitted | undefined,
): Admitted | undefined {
  const { metadata, spec, status } = tenant;
  if (metadata?.deletionTimestamp) return undefined;
  if (spec.className === undefined) return askedFor(completeSpec(spec));
  const settings = status?.class?.settings ?? (newest && settingsOf(newest));
  if (!settings || problemsIn(tenant, settings, held, labelsOf).length > 0) return undefined;
  return askedFor(completeSpec(spec, settings));
}
