import { type Condition, findCondition } from '../../engine/conditions.ts';
import type { BegunOperation, OperationState } from '../../persistence/operations/operations.ts';
import type { CustomResource } from '../resources/representation.ts';

/** How an operation stands. */
export interface Judgement {
  readonly state: OperationState;
  readonly message: string | undefined;
}

/** What has to be True, where there is such a condition, before a change has arrived: Ready stays True while the old pods serve. */
const arrived = ['Ready', 'WorkloadReady'] as const;

/** Tells how an operation stands from the object that it was about; undefined: there is none of that name. */
export function judge(
  { kind, uid, generation }: BegunOperation,
  object: CustomResource | undefined,
): Judgement {
  const isThere = object?.metadata?.uid === uid;
  if (kind === 'Delete') return isThere ? running(conditionsOf(object)) : ended('Succeeded');
  if (!isThere) return ended('Failed', 'It was deleted.');
  const conditions = conditionsOf(object);
  const wanted = arrived.flatMap((type) => findCondition(conditions, type) ?? []);
  const holds = ({ status, observedGeneration = 0 }: Condition) =>
    status === 'True' && observedGeneration >= generation;
  if (wanted.some(({ type }) => type === 'Ready') && wanted.every(holds)) return ended('Succeeded');
  if ((object.metadata?.generation ?? 0) > generation)
    return ended('Superseded', 'It was changed again before this had arrived.');
  return running(conditions);
}

function running(conditions: readonly Condition[]): Judgement {
  const waiting = arrived
    .flatMap((type) => findCondition(conditions, type) ?? [])
    .find(({ status }) => status !== 'True');
  return { state: 'Running', message: waiting && `${waiting.reason}: ${waiting.message}` };
}

function ended(state: OperationState, message?: string): Judgement {
  return { state, message };
}

function conditionsOf({ status }: CustomResource): readonly Condition[] {
  return ((status ?? {}) as { readonly conditions?: readonly Condition[] }).conditions ?? [];
}
