import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { type ConditionType, conditionTypes } from '../../api/v1alpha1/condition-types.ts';
import type { Condition } from '../../engine/conditions.ts';
import type { Pod } from '../../kube/resources.ts';
import { tenantNames } from '../names.ts';
import type { View } from '../view.ts';
import { buildDeletingStatus } from './status.ts';

const now = new Date('2026-11-21T09:00:00Z');
const running: Pod = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };

describe('the status of a control plane that is deleted', () => {
  it('claims nothing any more', () => {
    const status = build(conditionTypes, { reason: 'Deleting', message: 'Pods that are stopping: 2.' }, [
      running,
      {},
    ]);

    expect(status.conditions?.filter((each) => each.status === 'True')).toEqual([]);
    expect(status.conditions?.map(({ type }) => type)).toEqual([...conditionTypes]);
    expect(status).toMatchObject({ phase: 'Deleting', replicas: 2, readyReplicas: 1, observedGeneration: 4 });
  });

  it.each([
    ['DataStoreUnreachable', 'DataStoreReady'],
    ['PodsStuck', 'WorkloadReady'],
  ] as const)('says %s where it belongs and in Ready', (reason, type) => {
    const status = build(conditionTypes, { reason, message: 'what to do' });

    const telling = status.conditions?.filter((each) => each.reason === reason).map((each) => each.type);
    expect(telling).toEqual(['Ready', type]);
  });

  it('denies nothing that was never claimed', () => {
    const status = build([], { reason: 'Deleting', message: 'Going.' });
    expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready']);
  });

  it('stays the same while nothing changes', () => {
    const obstacle = { reason: 'DataStoreUnreachable', message: 'what to do' };
    const view = viewOf(conditionTypes, []);
    const first = buildDeletingStatus(view, obstacle, now);
    const tenant = { ...view.tenant, status: first };
    const later = new Date(now.getTime() + 3_600_000);
    expect(buildDeletingStatus({ ...view, tenant }, obstacle, later)).toEqual(first);
  });
});

function build(
  claimed: readonly ConditionType[],
  obstacle: Parameters<typeof buildDeletingStatus>[1],
  pods: readonly Pod[] = [],
) {
  return buildDeletingStatus(viewOf(claimed, pods), obstacle, now);
}

function viewOf(claimed: readonly ConditionType[], pods: readonly Pod[]): View {
  const conditions = claimed.map((type): Condition => ({
    type,
    status: 'True',
    reason: 'AsExpected',
    message: 'All is well.',
    lastTransitionTime: '2026-11-21T08:00:00Z',
  }));
  const tenant = { ...aTenant({}, { generation: 4 }), status: { conditions } };
  return {
    tenant,
    names: tenantNames(tenant, 'marina-tenants'),
    pods,
    dataStore: undefined,
    service: undefined,
    roots: undefined,
    certificates: undefined,
    dataStoreAccess: undefined,
    config: undefined,
    deployment: undefined,
    disruptionBudget: undefined,
    awaited: { state: 'None' },
  };
}
