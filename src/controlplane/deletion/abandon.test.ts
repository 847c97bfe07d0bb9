import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { apiVersion } from '../../api/v1alpha1/meta.ts';
import type { DataStore } from '../../api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import { done, failed, type StepResult } from '../component.ts';
import { tenantNames } from '../names.ts';
import { decidePartition, isYoungerThanPartition, mayHavePartition, type Notice } from './abandon.ts';

const names = tenantNames(aTenant(), 'marina-tenants');
const id = names.runtimeId;
const unreachable = failed(
  'DataStoreUnreachable',
  'etcd: count keys: connect ECONNREFUSED',
  new Error('cause'),
);

describe('a partition whose control plane is deleted', () => {
  it('is waited for, with the time and both ways on', () => {
    const decision = decide(unreachable);

    expect(decision).toMatchObject({
      state: 'Failed',
      reason: 'DataStoreUnreachable',
      cause: expect.any(Error),
    });
    expect(messageOf(decision)).toBe(
      `Partition ${id} has to be removed from DataStore default: etcd: count keys: connect ECONNREFUSED. ` +
        `Deletion, asked for at 2026-11-21T09:00:00Z, goes on by itself when the store does it. ` +
        `The DataStore is not ready since 2026-11-21T08:30:00Z. ` +
        `To go on without, and leave the partition behind: ` +
        `kubectl -n team-a annotate --overwrite tcp demo marina.dev/abandon-partition=${id}`,
    );
  });

  it('is left behind when the annotation names it, with the commands to remove it later', () => {
    const decision = decide(unreachable, { 'marina.dev/abandon-partition': id });

    expect(decision).toMatchObject({ state: 'Done', value: { reason: 'PartitionAbandoned' } });
    const notice = decision.state === 'Done' ? decision.value?.message : '';
    expect(notice).toContain('DataStore default');
    expect(notice).toContain(
      `etcdctl user delete ${id}; etcdctl role delete ${id}; etcdctl del --prefix /${id}/`,
    );
    // What an Event may hold.
    expect(notice?.length).toBeLessThan(1024);
  });

  it.each(['true', '', ' ', `${id} `, id.toUpperCase(), 'demo', '*', 'x'.repeat(100_000)])(
    'is not left behind for %j',
    (wish) => {
      const decision = decide(unreachable, { 'marina.dev/abandon-partition': wish });

      expect(decision).toMatchObject({ state: 'Failed', reason: 'DataStoreUnreachable' });
      expect(messageOf(decision)).toContain('which is not the name of this partition');
      expect(messageOf(decision)).toContain(`marina.dev/abandon-partition=${id}`);
      // What a condition may hold.
      expect(messageOf(decision).length).toBeLessThan(2048);
    },
  );

  it('is removed in order whatever the annotation says', () => {
    expect(decide(done(undefined), { 'marina.dev/abandon-partition': id })).toEqual(done(undefined));
  });

  it.each([
    ['DataStoreNotFound', failed('DataStoreNotFound', 'there is no DataStore default')],
    ['DataStoreSecretMissing', failed('DataStoreSecretMissing', 'Secret a/b does not exist.')],
    ['DataStoreDenied', failed('DataStoreDenied', 'permission denied')],
  ])('may be left behind for %s as well', (reason, answer) => {
    expect(decide(answer)).toMatchObject({ state: 'Failed', reason });
    expect(decide(answer, { 'marina.dev/abandon-partition': id })).toMatchObject({ state: 'Done' });
  });

  it('is not waited for when there never was one', () => {
    const facts = {
      tenant: deleted(),
      names,
      store: 'default',
      dataStore: undefined,
      answer: unreachable,
      mayExist: false,
    };
    expect(decidePartition(facts)).toEqual(done(undefined));
  });

  it.each([
    [false, [], false],
    [true, [], true],
    [false, ['PartitionReady'], true],
    [false, ['EndpointAssigned'], false],
  ] as const)('may exist: credential %s, timeline %j: %s', (hasCredential, steps, expected) => {
    const timeline = steps.map((step) => ({ step, time: '2026-11-21T08:00:01Z', milliseconds: 1000 }));
    expect(mayHavePartition({ ...aTenant(), status: { timeline } }, hasCredential)).toBe(expected);
  });

  it.each([
    ['2026-11-21T08:00:00Z', false],
    ['2026-11-21T08:00:01Z', false],
    ['2026-11-21T08:00:02Z', true],
  ])('was made at 08:00:01; a DataStore of %s is younger: %s', (creationTimestamp, expected) => {
    const timeline = [{ step: 'PartitionReady' as const, time: '2026-11-21T08:00:01Z', milliseconds: 1000 }];
    const store = { ...aStore, metadata: { name: 'default', creationTimestamp } };
    expect(isYoungerThanPartition(store, { ...aTenant(), status: { timeline } })).toBe(expected);
  });
});

const aStore: DataStore = {
  apiVersion,
  kind: 'DataStore',
  metadata: { name: 'default' },
  spec: {
    driver: 'etcd',
    endpoints: ['127.0.0.1:2379'],
    tlsConfig: { certificateAuthority: { secretName: 'ca' }, clientCertificate: { secretName: 'root' } },
  },
  status: {
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'Unhealthy',
        message: 'No endpoint answers.',
        lastTransitionTime: '2026-11-21T08:30:00Z',
      },
    ],
  },
};

function deleted(annotations: Record<string, string> = {}): TenantControlPlane {
  return aTenant({}, { deletionTimestamp: '2026-11-21T09:00:00Z', annotations });
}

function decide(answer: StepResult<Notice | undefined>, annotations?: Record<string, string>) {
  return decidePartition({
    tenant: deleted(annotations),
    names,
    store: 'default',
    dataStore: aStore,
    answer,
    mayExist: true,
  });
}

function messageOf(decision: StepResult<unknown>): string {
  return decision.state === 'Done' ? '' : decision.message;
}
