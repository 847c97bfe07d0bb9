import { isDeepStrictEqual } from 'node:util';
import type { Admitted, ClassInForce } from '../../api/v1alpha1/class-in-force.ts';
import type { ClassSettings, ControlPlaneClass } from '../../api/v1alpha1/control-plane-class.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { toTime } from '../../kube/time.ts';
import { matches } from '../placement/label-selector.ts';
import { hasReached } from '../timeline.ts';
import { type Made, runningOf } from './running.ts';
import { outsideClass } from './within.ts';

/** Labels of the DataStore of that name; undefined for one that is not there. */
export type LabelsOf = (dataStore: string) => Readonly<Record<string, string>> | undefined;

/** A class as it comes into force for a control plane now. */
export function takeClass(found: ControlPlaneClass, now: Date): ClassInForce {
  const { name = '', uid = '', generation = 0 } = found.metadata ?? {};
  return { name, uid, generation, takenAt: toTime(now), settings: settingsOf(found) };
}

/** Whether a class says what is in force: its description and its rollout policy are no news to a control plane. */
export function isNewest(found: ControlPlaneClass, inForce: ClassInForce | undefined): boolean {
  return inForce?.uid === found.metadata?.uid && isDeepStrictEqual(inForce?.settings, settingsOf(found));
}

export function settingsOf({ spec }: ControlPlaneClass): ClassSettings {
  const { description: _text, rollout: _policy, ...settings } = spec;
  return settings;
}

/**
 * What a control plane asks for that these settings do not offer; without `labelsOf` its DataStore may be any. `before`: what it is by now.
 */
export function problemsIn(
  tenant: TenantControlPlane,
  settings: ClassSettings,
  before: Admitted | undefined,
  labelsOf?: LabelsOf,
): readonly string[] {
  return [
    ...outsideClass(tenant.spec, settings, before?.version),
    ...(labelsOf ? storeProblems(tenant, settings, labelsOf) : []),
  ];
}

/** What has been let in so far; of one that was born before there was a class or a quota: what it is. */
export function admittedBefore(tenant: TenantControlPlane, made: Made = {}): Admitted | undefined {
  if (tenant.status?.admitted) return tenant.status.admitted;
  return isBorn(tenant) ? runningOf(tenant, made) : undefined;
}

/** Whether anything has been made for it. */
export function isBorn(tenant: TenantControlPlane): boolean {
  return hasReached(tenant, 'EndpointAssigned') || hasReached(tenant, 'PartitionReady');
}

/** A store that it names itself, at its birth: what is on one of another kind by now stays there. */
function storeProblems(
  tenant: TenantControlPlane,
  { dataStoreSelector }: ClassSettings,
  labelsOf: LabelsOf,
): readonly string[] {
  const { dataStore } = tenant.spec;
  if (dataStore === undefined || !dataStoreSelector) return [];
  if (isBorn(tenant) || tenant.status?.admitted) return [];
  const labels = labelsOf(dataStore);
  if (labels && matches(dataStoreSelector, labels)) return [];
  const problem = labels ? 'is not selected by the class' : 'is not there';
  return [`spec.dataStore: ${dataStore} ${problem}; name one that the class selects`];
}
