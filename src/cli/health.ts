import { conditionMeanings } from '../api/v1alpha1/condition-types.ts';
import { eventReasons, lastingReasons, passingReasons, wantedReasons } from '../api/v1alpha1/reasons.ts';
import type { ControlPlane, Finding } from './backend.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const meanings: Readonly<Record<string, string>> = {
  ...wantedReasons,
  ...passingReasons,
  ...lastingReasons,
  ...eventReasons,
};

/** Of anything with a status; an object that nobody has looked at yet has none. */
export function conditionsOf({ status }: { readonly status: unknown }): readonly Condition[] {
  return (status as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
}

export function isReady(object: {
  readonly status: unknown;
  readonly deletedAt?: string | undefined;
}): boolean {
  const ready = conditionsOf(object).find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && object.deletedAt === undefined;
}

/** Conditions that say that something is not as it should be. `Expiring` is wrong when it is True. */
export function complaints(object: { readonly status: unknown }): readonly Condition[] {
  return conditionsOf(object).filter(({ type, status }) =>
    type === 'Expiring' ? status === 'True' : type in conditionMeanings && status !== 'True',
  );
}

/** What a control plane says of itself, with what its reasons mean and where it is written what to do. */
export function findingsOf(controlPlane: ControlPlane): readonly Finding[] {
  const check = `control plane ${controlPlane.namespace}/${controlPlane.name}`;
  if (controlPlane.deletedAt !== undefined)
    return [{ check, result: 'warning', message: `is being deleted since ${controlPlane.deletedAt}` }];
  if (conditionsOf(controlPlane).length === 0)
    return [
      {
        check,
        result: 'warning',
        message: 'has no status yet',
        advice: 'Wait a moment; if it stays so, Marina’s controller does not run.',
      },
    ];
  const wrong = complaints(controlPlane);
  if (wrong.length === 0) return [{ check, result: 'ok', message: 'is as it should be' }];
  return wrong.map(({ type, reason, message }) => {
    const isLasting = Object.hasOwn(lastingReasons, reason);
    const advice = isLasting ? `See docs/runbooks/${reason}.md.` : meanings[reason];
    return {
      check,
      result: isLasting ? 'failed' : 'warning',
      message: `${type}: ${reason}${message ? `: ${message}` : ''}`,
      ...(advice !== undefined && { advice }),
    };
  });
}
