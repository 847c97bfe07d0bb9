import { describe, expect, it } from '@jest/globals';
import { aKubeconfig } from '../../../test/support/kubeconfigs.ts';
import { aTenant } from '../../../test/support/tenant.ts';
import type { KubeconfigTemplate } from '../../api/v1alpha1/kubeconfig-template.ts';
import { findCondition } from '../../engine/conditions.ts';
import { buildTenantKubeconfig, kubeconfigName, planTemplate } from './plan.ts';
import { buildTemplateStatus } from './status.ts';

const template = aTemplate();
const red = aTenant({}, { name: 'red', labels: { tier: 'gold' } });
const blue = aTenant({}, { name: 'blue', labels: { tier: 'gold' } });
const plain = aTenant({}, { name: 'plain' });
const ofRed = buildTenantKubeconfig(template, red);
const ofBlue = buildTenantKubeconfig(template, blue);
const nothing = { create: [], change: [], delete: [], taken: [] };

describe('a KubeconfigTemplate', () => {
  it('wants one for each control plane that it selects, named after both', () => {
    const plan = planTemplate(template, { tenants: [red, blue, plain], kubeconfigs: [] });
    expect(plan).toEqual({ ...nothing, selected: 2, create: [ofRed, ofBlue] });
    expect(ofRed).toMatchObject({
      metadata: { name: 'ci-red', namespace: 'team-a', labels: { 'marina.dev/kubeconfig-template': 'ci' } },
      spec: { controlPlaneName: 'red', user: 'ci@team-a.red', renew: true, clusterRole: 'view' },
    });
  });

  it('has nothing to do when all of them are there', () => {
    const world = { tenants: [red, blue], kubeconfigs: [ofRed, ofBlue] };
    expect(planTemplate(template, world)).toEqual({ ...nothing, selected: 2 });
  });

  it('takes away those of control planes that are no longer selected, or go', () => {
    const going = { ...blue, metadata: { ...blue.metadata, deletionTimestamp: '2026-11-21T09:00:00Z' } };
    const unlabelled = aTenant({}, { name: 'red' });
    const plan = planTemplate(template, { tenants: [unlabelled, going], kubeconfigs: [ofRed, ofBlue] });
    expect(plan).toEqual({ ...nothing, selected: 0, delete: [ofRed, ofBlue] });
  });

  it('changes their time in place, and makes anew what cannot be changed', () => {
    const world = { tenants: [red], kubeconfigs: [ofRed] };
    const longer = planTemplate(aTemplate({ lifetimeSeconds: 7200 }), world);
    expect(longer).toMatchObject({ ...nothing, change: [{ spec: { lifetimeSeconds: 7200 } }] });
    const mightier = planTemplate(aTemplate({ clusterRole: 'admin' }), world);
    expect(mightier).toEqual({ ...nothing, selected: 1, delete: [ofRed] });
    const leaving = { ...ofRed, metadata: { ...ofRed.metadata, deletionTimestamp: '2026-11-21T09:00:00Z' } };
    const meanwhile = planTemplate(aTemplate({ clusterRole: 'admin' }), { ...world, kubeconfigs: [leaving] });
    expect(meanwhile).toEqual({ ...nothing, selected: 1 });
  });

  it('leaves alone what is not its own, and says so', () => {
    const theirs = aKubeconfig({ controlPlaneName: 'red' }, { name: 'ci-red' });
    const plan = planTemplate(template, { tenants: [red], kubeconfigs: [theirs] });
    expect(plan).toEqual({ ...nothing, selected: 1, taken: ['ci-red'] });
  });

  it('shortens long names without mixing them up', () => {
    const [long, other] = ['a', 'b'].map((end) => kubeconfigName('x'.repeat(40), `${'y'.repeat(40)}${end}`));
    expect(long).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])$/);
    expect(long).not.toBe(other);
  });
});

describe('the status of a KubeconfigTemplate', () => {
  const now = new Date('2026-11-21T08:00:00Z');
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Issued',
    message: '',
    lastTransitionTime: '',
  } as const;
  const ready = { ...ofRed, status: { conditions: [condition] } };

  it.each([
    ['Ready when all are', { selected: 1, made: [ready], problems: [] }, 'AsExpected', 1],
    [
      'waits for those that are not',
      { selected: 2, made: [ready, ofBlue], problems: [] },
      'KubeconfigsPending',
      1,
    ],
    ['says what stands in the way', { selected: 1, made: [], problems: ['No.'] }, 'KubeconfigRefused', 0],
    ['Ready when none is selected', { selected: 0, made: [], problems: [] }, 'AsExpected', 0],
  ])('is %s', (_, progress, reason, count) => {
    const status = buildTemplateStatus(template, progress, now);
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({ reason });
    expect(status).toMatchObject({ selected: progress.selected, ready: count });
  });
});

function aTemplate(changes: Partial<KubeconfigTemplate['spec']['template']> = {}): KubeconfigTemplate {
  return {
    metadata: { name: 'ci', namespace: 'team-a', uid: 'a9d4b4f0-2d39-4f0e-9a53-3b8c4b6f7a12', generation: 1 },
    spec: {
      controlPlaneSelector: { matchLabels: { tier: 'gold' } },
      template: {
        user: 'ci@{namespace}.{name}',
        groups: [],
        clusterRole: 'view',
        namespaces: [],
        lifetimeSeconds: 3600,
        renew: true,
        ...changes,
      },
    },
  };
}
