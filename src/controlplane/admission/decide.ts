import { isDeepStrictEqual } from 'node:util';
import type { Admitted, ClassInForce } from '../../api/v1alpha1/class-in-force.ts';
import type { ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../class/complete.ts';
import { askedFor } from '../class/effective.ts';
import {
  admittedBefore,
  isBorn,
  isNewest,
  type LabelsOf,
  problemsIn,
  settingsOf,
  takeClass,
} from '../class/in-force.ts';
import { done, failed, type StepResult, type Unfinished } from '../component.ts';
import type { Hard } from './amounts.ts';
import { lacksBudget } from './claim.ts';
import { type Claim, explainShortage, shareOut } from './room.ts';

export interface AdmissionFacts {
  readonly tenant: TenantControlPlane;
  /** The class that the control plane names, as it is now. */
  readonly newest: ControlPlaneClass | undefined;
  /** Undefined where no quota is about its namespace. */
  readonly hard: Hard | undefined;
  /** Of all control planes of its namespace, its own among them. */
  readonly claims: () => readonly Claim[];
  readonly labelsOf: LabelsOf;
  readonly now: Date;
}

/** What class and quota let in. `admitted` and `class` go into the status before anything is made of them. */
export interface AdmissionOutcome {
  readonly class?: ClassInForce | undefined;
  readonly admitted?: Admitted | undefined;
  /** Undefined without a class. */
  readonly classApplied?: StepResult | undefined;
  /** Undefined without a quota. */
  readonly withinQuota?: StepResult | undefined;
  /** Why there is nothing of it yet. */
  readonly held?: Unfinished | undefined;
}

/** What a control plane may be: what it asks for, as far as its class offers it and its quota has room; otherwise what it was. */
export function decideAdmission(facts: AdmissionFacts): AdmissionOutcome {
  const { tenant, newest, hard, now } = facts;
  const { spec, status } = tenant;
  if (spec.className === undefined && !hard) return {};
  const inForce = status?.class ?? (newest && takeClass(newest, now));
  const refusal = spec.className === undefined ? undefined : refusalBy(spec.className, inForce, facts);
  if (refusal) return { ...asItWas(tenant, refusal), classApplied: refusal };

  const asked = askedFor(completeSpec(spec, inForce?.settings));
  const classApplied = inForce && judgeClass(tenant, inForce, newest);
  const withinQuota = hard && judgeQuota(facts, hard, asked);
  const outcome = { class: inForce, classApplied, withinQuota };
  if (!withinQuota || withinQuota.state === 'Done') return { ...outcome, admitted: asked };
  if (!status?.admitted) return { ...asItWas(tenant, withinQuota), withinQuota };
  return { ...outcome, admitted: atItsSize(asked, status.admitted) };
}

function refusalBy(
  className: string,
  inForce: ClassInForce | undefined,
  { tenant, labelsOf }: AdmissionFacts,
): Unfinished | undefined {
  if (!inForce) return failed('ClassNotFound', `There is no ControlPlaneClass ${className}.`);
  const problems = problemsIn(tenant, inForce.settings, labelsOf);
  if (problems.length === 0) return undefined;
  return failed('OutsideClass', `Class ${className} does not offer it: ${problems.join('; ')}.`);
}

/** Of one that its class lets in: whether the class is still there, and what it says by now can be taken. */
function judgeClass(
  tenant: TenantControlPlane,
  inForce: ClassInForce,
  newest: ControlPlaneClass | undefined,
): StepResult {
  const { name, generation } = inForce;
  if (!newest) {
    const message = `There is no ControlPlaneClass ${name}; generation ${generation} of it goes on.`;
    return failed('ClassNotFound', message);
  }
  const coming = isNewest(newest, inForce) ? [] : problemsIn(tenant, settingsOf(newest));
  if (coming.length === 0) return done(undefined);
  return failed(
    'OutsideClass',
    `Generation ${newest.metadata?.generation} of class ${name} does not offer it, and is not taken: ${coming.join('; ')}.`,
  );
}

function judgeQuota({ tenant, claims }: AdmissionFacts, hard: Hard, asked: Admitted): StepResult {
  if (isDeepStrictEqual(tenant.status?.admitted, asked)) return done(undefined);
  if (lacksBudget(asked, admittedBefore(tenant), hard)) {
    const message = 'storageBytes: the quota of the namespace limits it; set spec.storageBudget.bytes.';
    return failed('QuotaExceeded', message);
  }
  const all = claims();
  const { granted, used } = shareOut(hard, all);
  const uid = tenant.metadata?.uid ?? '';
  if (granted.has(uid)) return done(undefined);
  const own = all.find((claim) => claim.uid === uid) ?? { uid, created: '' };
  return failed(
    'QuotaExceeded',
    `The quota of the namespace has no room: ${explainShortage(hard, used, own)}. Ask for less, delete a control plane, or have the quota raised.`,
  );
}

function asItWas(tenant: TenantControlPlane, why: Unfinished): AdmissionOutcome {
  const { class: inForce, admitted } = tenant.status ?? {};
  return { class: inForce, admitted, held: isBorn(tenant) || admitted ? undefined : why };
}

/** Everything but what a quota counts. */
function atItsSize(asked: Admitted, { replicas, resources, storageBudget }: Admitted): Admitted {
  const { resources: _resources, storageBudget: _budget, ...rest } = asked;
  return { ...rest, replicas, ...(resources && { resources }), ...(storageBudget && { storageBudget }) };
}
