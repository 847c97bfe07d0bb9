import { describe, expect, it } from '@jest/globals';
import { aTenant } from '../../../test/support/tenant.ts';
import { silentLog } from '../../engine/log.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import type { ControlPlaneDependencies } from '../dependencies.ts';
import { finalizer, tenantNames } from '../names.ts';
import type { View } from '../view.ts';
import { deleteControlPlane } from './delete.ts';

describe('the deletion of a control plane of which the caches know nothing', () => {
  it('stops the Deployment that is there all the same, before the partition goes', async () => {
    const { server, deleted, outcome } = await deleteUnseen({ deployments: [deployment], pods: [pod] });

    expect(deleted).toContainEqual('Deployment Foreground');
    expect(outcome).toMatchObject({ state: 'Waiting', message: 'Pods that are stopping: 1.' });
    expect(server.storeAsked).toBe(false);
  });

  it('waits for pods that are there all the same', async () => {
    const { server, outcome } = await deleteUnseen({ deployments: [], pods: [pod] });

    expect(outcome).toMatchObject({ state: 'Failed', reason: 'PodsStuck' });
    expect(server.storeAsked).toBe(false);
  });
});

const tenant = aTenant({}, { deletionTimestamp: '2026-11-21T09:00:00Z', finalizers: [finalizer] });
const names = tenantNames(tenant, 'marina-tenants');
const deployment: KubeObject = { metadata: { name: names.deployment, namespace: names.namespace } };
const pod: KubeObject = { metadata: { name: `${names.deployment}-1`, namespace: names.namespace } };

/** Deletes with empty caches; `objects` are what the API server has, by plural. */
async function deleteUnseen(objects: Readonly<Record<string, readonly KubeObject[]>>) {
  const server = { storeAsked: false };
  const deleted: string[] = [];
  const of = ({ plural }: Resource) => objects[plural] ?? [];
  const client: Pick<KubeClient, 'get' | 'list' | 'delete'> = {
    get: (resource) => Promise.resolve(of(resource)[0] as never),
    list: (resource) => Promise.resolve({ metadata: {}, items: [...of(resource)] as never[] }),
    delete: (resource, _ref, options) => {
      deleted.push(`${resource.kind} ${options?.propagation}`);
      return Promise.resolve(of(resource).length > 0);
    },
  };
  const empty = { get: () => undefined, remember: () => {} };
  const dependencies = {
    client,
    caches: { deployments: empty, services: empty, disruptionBudgets: empty },
    clock: { now: () => new Date('2026-11-21T09:00:01Z') },
    connections: {
      open: () => {
        server.storeAsked = true;
        return { ok: false, reason: 'DataStoreSecretMissing', message: '' };
      },
    },
  } as unknown as ControlPlaneDependencies;
  const view = { tenant, names, pods: [], dataStore: {} } as unknown as View;
  const outcome = await deleteControlPlane(view, dependencies, silentLog);
  return { server, deleted, outcome };
}
