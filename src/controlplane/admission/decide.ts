import { isDeepStrictEqual } from 'node:util';
import type { Admitted, ClassInForce } from '../../api/v1alpha1/class-in-force.ts';
import type { ClassSettings, ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { completeSpec } from '../class/complete.ts';
import { askedFor, type Publishing, publishingOf } from '../class/effective.ts';
import {
  admittedBefore,
  isNewest,
  type LabelsOf,
  problemsIn,
  settingsOf,
  takeClass,
} from '../class/in-force.ts';
import type { Made } from '../class/running.ts';
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
  /** What was made of it, where nothing was let in yet. */
  readonly made?: Made;
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
  /** Whether that is less, or other, than it asks for. */
  readonly isShort?: boolean;
}

/** What a control plane may be: what it asks for, as far as its class offers it and its quota has room; otherwise what it was. */
export function decideAdmission(facts: AdmissionFacts): AdmissionOutcome {
  const { tenant, newest, hard, made } = facts;
  const { spec } = tenant;
  if (spec.className === undefined && !hard) return {};
  const before = admittedBefore(tenant, made);
  const inForce = classFor(facts);
  const refusal =
    spec.className === undefined ? undefined : refusalBy(spec.className, inForce, facts, before);
  if (refusal) return { ...asItWas(tenant, before, refusal), classApplied: refusal };

  const asked = askedFor(completeSpec(spec, inForce?.settings));
  const classApplied =
    inForce && judgeClass(inForce, newest, (settings) => problemsIn(tenant, settings, before));
  const withinQuota = hard && judgeQuota(facts, hard, asked, before);
  const outcome = { class: inForce, classApplied, withinQuota };
  if (!withinQuota || withinQuota.state === 'Done') return { ...outcome, admitted: asked };
  if (!before) return { ...asItWas(tenant, before, withinQuota), withinQuota };
  return { ...outcome, admitted: atItsSize(asked, before), isShort: true };
}

/** The one that it has, or the newest of one that has none yet. */
function classFor({ tenant, newest, now }: AdmissionFacts): ClassInForce | undefined {
  const { spec, status } = tenant;
  if (status?.class && status.class.name === spec.className) return status.class;
  return newest && takeClass(newest, now);
}

function refusalBy(
  className: string,
  inForce: ClassInForce | undefined,
  { tenant, labelsOf }: AdmissionFacts,
  before: Admitted | undefined,
): Unfinished | undefined {
  if (!inForce) return failed('ClassNotFound', `There is no ControlPlaneClass ${className}.`);
  const problems = problemsIn(tenant, inForce.settings, before, labelsOf);
  if (problems.length === 0) return undefined;
  return failed('OutsideClass', `Class ${className} does not offer it: ${problems.join('; ')}.`);
}

/** Of one that its class lets in: whether the class is still there, and what it says by now can be taken. */
function judgeClass(
  inForce: ClassInForce,
  newest: ControlPlaneClass | undefined,
  problemsWith: (settings: ClassSettings) => readonly string[],
): StepResult {
  const { name, generation } = inForce;
  if (!newest) {
    const message = `There is no ControlPlaneClass ${name}; generation ${generation} of it goes on.`;
    return failed('ClassNotFound', message);
  }
  const coming = isNewest(newest, inForce) ? [] : problemsWith(settingsOf(newest));
  if (coming.length === 0) return done(undefined);
  return failed(
    'OutsideClass',
    `Generation ${newest.metadata?.generation} of class ${name} does not offer it, and is not taken: ${coming.join('; ')}.`,
  );
}

function judgeQuota(
  { tenant, claims }: AdmissionFacts,
  hard: Hard,
  asked: Admitted,
  before: Admitted | undefined,
): StepResult {
  if (isDeepStrictEqual(tenant.status?.admitted, asked)) return done(undefined);
  if (lacksBudget(asked, before, hard)) {
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

/** One that was born goes on as it is, and that is held on to from now on: what its specification says may be anything. */
function asItWas(
  { spec, status }: TenantControlPlane,
  before: Admitted | undefined,
  why: Unfinished,
): AdmissionOutcome {
  const inForce = status?.class;
  if (!before) return { class: inForce, held: why, isShort: true };
  const asked = askedFor(completeSpec(spec, inForce?.settings));
  // Nobody has to let these in: whoever shuts a load balancer has it shut, also when its type is refused afterwards.
  const publishing = publishingOf(asked.serviceType === before.serviceType ? asked : before);
  return { class: inForce, admitted: { ...withoutPublishing(before), ...publishing }, isShort: true };
}

function withoutPublishing(admitted: Admitted): Omit<Admitted, keyof Publishing> {
  const {
    serviceType: _type,
    loadBalancerClass: _class,
    loadBalancerSourceRanges: _ranges,
    allocateLoadBalancerNodePorts: _ports,
    ...rest
  } = admitted;
  return rest;
}

/** Everything but what a quota counts. */
function atItsSize(asked: Admitted, { replicas, resources, storageBudget, size }: Admitted): Admitted {
  const { resources: _resources, storageBudget: _budget, size: _size, ...rest } = asked;
  return {
    ...rest,
    replicas,
    ...(resources && { resources }),
    ...(storageBudget && { storageBudget }),
    ...(size !== undefined && { size }),
  };
}
