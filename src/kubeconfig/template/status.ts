import type { KubeconfigTemplate, KubeconfigTemplateStatus } from '../../api/v1alpha1/kubeconfig-template.ts';
import type { TenantKubeconfig } from '../../api/v1alpha1/tenant-kubeconfig.ts';
import { type ConditionUpdate, isTrue, setConditions } from '../../engine/conditions.ts';

export interface TemplateProgress {
  readonly selected: number;
  /** Those of the template that are there. */
  readonly made: readonly TenantKubeconfig[];
  /** What stands in the way of others, a sentence each. */
  readonly problems: readonly string[];
}

/** How many problems a message names. */
const problemsShown = 3;

/** The status that a reconcile leaves behind. */
export function buildTemplateStatus(
  { metadata, status }: KubeconfigTemplate,
  progress: TemplateProgress,
  now: Date,
): KubeconfigTemplateStatus {
  const ready = progress.made.filter((each) => isReady(each)).length;
  const condition = { ...readiness(progress, ready), observedGeneration: metadata?.generation };
  return {
    ...status,
    ...(metadata?.generation !== undefined && { observedGeneration: metadata.generation }),
    conditions: [...setConditions(status?.conditions, [condition], now)],
    selected: progress.selected,
    ready,
  };
}

export function isReady({ metadata, status }: TenantKubeconfig): boolean {
  return (
    isTrue(status?.conditions, 'Ready') &&
    status?.observedGeneration === metadata?.generation &&
    !metadata?.deletionTimestamp
  );
}

function readiness(
  { selected, problems }: TemplateProgress,
  ready: number,
): Omit<ConditionUpdate, 'observedGeneration'> {
  const count = `${ready} of ${selected} kubeconfigs are Ready.`;
  if (problems.length > 0) {
    const shown = problems.slice(0, problemsShown).join(' ');
    const rest = problems.length > problemsShown ? ` And ${problems.length - problemsShown} more.` : '';
    return {
      type: 'Ready',
      status: 'False',
      reason: 'KubeconfigRefused',
      message: `${count} ${shown}${rest}`,
    };
  }
  return ready === selected
    ? { type: 'Ready', status: 'True', reason: 'AsExpected', message: count }
    : { type: 'Ready', status: 'False', reason: 'KubeconfigsPending', message: count };
}
