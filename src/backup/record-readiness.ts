import { needsPerson } from '../api/v1alpha1/reasons.ts';
import { type Condition, findCondition } from '../engine/conditions.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { KubeObject, Resource } from '../kube/resource.ts';

interface Conditioned {
  readonly conditions?: readonly Condition[] | undefined;
}

/** One Event when an object becomes Ready, or is not for another reason than before. */
export function recordReadiness<T extends KubeObject & { status?: Conditioned }>(
  events: Pick<EventRecorder, 'record'>,
  { apiVersion, kind }: Resource<T>,
  object: T,
  status: Conditioned,
): void {
  const before = findCondition(object.status?.conditions, 'Ready');
  const after = findCondition(status.conditions, 'Ready');
  if (!after || after.reason === before?.reason) return;
  const type = needsPerson(after.reason) ? 'Warning' : 'Normal';
  events.record({ ...object, apiVersion, kind }, type, after.reason, after.message);
}
