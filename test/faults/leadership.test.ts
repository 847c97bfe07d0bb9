import { writeFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DataStore, dataStores } from '../../src/api/v1alpha1/data-store.ts';
import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { runtimeId } from '../../src/controlplane/runtime-id.ts';
import { etcdPartition } from '../../src/datastore/etcd/partition.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { etcdClient } from '../support/etcd-datastore.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { type MarinaProcess, startMarinaProcess } from '../support/marina-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { aTenant } from '../support/tenant.ts';
import { effectsUnderWay } from '../support/traced-failpoints.ts';
import { waitUntil } from '../support/wait-until.ts';
import { ApiAudit, auditPolicy, etcdWrites, portsOf, writesOutOfTurn } from '../support/write-audit.ts';

const nodePort = { controlPlane: { service: { serviceType: 'NodePort' as const } } };
/** All that run in this file: each start of a process has a name of its own. */
const identities = Array.from({ length: 20 }, (_, index) => `marina-${index}`);
const seed = seedOr(Date.now() % 1_000_000);

describe('two replicas of Marina', () => {
  const stack = new AsyncDisposableStack();
  const ports = new Map<number, string>();
  const replicas: MarinaProcess[] = [];
  let directory: TemporaryDirectory;
  let cluster: ManagementCluster;
  let audit: ApiAudit;
  let started = 0;
  let named = 0;

  beforeAll(async () => {
    directory = stack.use(await createTemporaryDirectory('leadership'));
    const [policy, log] = [path.join(directory.path, 'policy.yaml'), path.join(directory.path, 'audit.log')];
    await writeFile(policy, auditPolicy);
    const extraArgs = [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`];
    cluster = stack.use(
      await startManagementCluster({ apiserver: { extraArgs }, etcd: { extraArgs: ['--log-level=debug'] } }),
    );
    audit = stack.use(await ApiAudit.open(log, identities));
  }, 120_000);

  afterAll(async () => {
    await stack.disposeAsync();
  });

  it('has the other one lead within 10 seconds when the leader dies', async () => {
    const { leader, other } = await twoReplicas();
    await createTenants(2);
    const diedMs = Date.now();
    await leader.kill();
    await createTenants(1);

    const ms = await firstEffectMs(other, diedMs);

    recordFigure('fail-over after SIGKILL of the leader', seconds(ms));
    expect(ms).toBeLessThan(10_000);
  });

  it('has the other one lead within 2 seconds when the leader is told to stop amidst work', async () => {
    const handOvers: HandOver[] = [];
    // A machine that is busy with something else adds its own: the best of three counts, and all are told.
    while (handOvers.length < 3 && !handOvers.some(({ ms }) => ms < 2_000)) {
      handOvers.push(await handOverAmidstWork());
    }
    const isOverloaded = (loadavg()[0] ?? 0) > 3 * availableParallelism();
    const told = handOvers.map(
      ({ ms, releasedMs, takenMs }) =>
        `${seconds(ms)} (lease given up after ${seconds(releasedMs)}, taken after ${seconds(takenMs)})`,
    );
    recordFigure('fail-over after SIGTERM of the leader', told.join(', '));
    expect(Math.min(...handOvers.map(({ ms }) => ms))).toBeLessThan(isOverloaded ? 6_000 : 2_000);
  });

  it(
    'begins no write, anywhere, as a leader that was stopped past its lease and continued',
    async () => {
      const rounds = fc.sample(
        fc.record({
          stopAfter: fc.integer({ min: 1, max: 30 }),
          continueAfter: fc.integer({ min: 0, max: 8 }),
        }),
        { numRuns: scaled(3, 100), seed },
      );
      let onTheirWay = 0;
      let leaving: readonly TenantControlPlane[] = [];
      for (const { stopAfter, continueAfter } of rounds) {
        const { leader, other } = await twoReplicas();
        const beganMs = Date.now();
        const [tenants] = await Promise.all([createTenants(4), deleteTenants(leaving)]);
        await workBy(leader, beganMs, stopAfter);
        const stoppedMs = Date.now();
        leader.pause();
        await learnPorts();
        const newcomers = await createTenants(1);
        await waitUntil('the other one leads', async () => (await audit.refresh()).holder === other.identity);
        await workBy(other, stoppedMs, continueAfter);
        leader.resume();

        await allSettled([...tenants, ...newcomers], leaving);
        await leader.untilStandby();
        await learnPorts();
        leaving = [...tenants, ...newcomers];
        const late = await outOfTurn(beganMs);
        const underWay = effectsUnderWay(await leader.log(), stoppedMs).filter(isOnStore);
        // What had passed the fence and waited for the next turn of the event loop, docs/decisions/0010: at most as much as was under way.
        const excess = late.filter((write) => !isByStore(write)).concat(late.slice(underWay.length));
        expect({ seed, stopAfter, continueAfter, late, underWay, excess }).toMatchObject({ excess: [] });
        onTheirWay += late.length;
      }
      recordFigure(
        'leaders stopped past their lease and continued',
        `${rounds.length}, 0 writes begun, ${onTheirWay} that had been on their way (seed ${seed})`,
      );
    },
    scaled(180_000, 3_000_000),
  );

  it('stops writing to the store before the other one begins when it is cut off the API server only', async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    const toStore = stack.use(await startTcpProxy({ port: storePort(), delayMs: 150 }));
    const toApi = stack.use(await startTcpProxy({ port: cluster.apiserver.port }));
    const leader = await startReplica(await kubeconfigThrough(toApi));
    await leader.untilLeading();
    const other = await startReplica();
    const tenant = await tenantOfManyKeys(`127.0.0.1:${toStore.port}`, 12_000);
    const beganMs = Date.now();
    await deleteTenants([tenant]);
    await waitUntil('keys are being deleted', async () => (await storeTxns(beganMs)).length > 0);
    await learnPorts(toStore);

    toApi.blackhole();
    const cutMs = Date.now();
    await waitUntil('the other one leads', async () => (await audit.refresh()).holder === other.identity);
    const lastMs = Math.max(...(await storeTxns(beganMs)).map(({ receivedMs }) => receivedMs));
    toApi.heal();
    await waitUntil('the tenant is gone', () => isGone(tenant), 60_000);
    await learnPorts(toStore);

    const silentMs = (audit.terms.at(-1)?.receivedMs ?? NaN) - lastMs;
    recordFigure('silence between a leader that was cut off and the next', seconds(silentMs));
    // It was at work until its own time was over, or else this would show nothing.
    expect(lastMs - cutMs).toBeGreaterThan(2_000);
    expect(silentMs).toBeGreaterThan(0);
    expect(await outOfTurn(beganMs)).toEqual([]);
  });

  /** From the signal to the first effect of the next leader, and what happened in between. */
  async function handOverAmidstWork(): Promise<HandOver> {
    const { leader, other } = await twoReplicas();
    const beganMs = Date.now();
    await createTenants(4);
    await workBy(leader, beganMs, 3);
    const toldMs = Date.now();
    const stopped = leader.stop();
    await createTenants(1);
    const ms = await firstEffectMs(other, toldMs);
    await stopped;
    expect(await leader.exited).toEqual({ code: 0, signal: null });
    const [released, taken] = [undefined, other.identity].map(
      (holder) => audit.terms.find((term) => term.holder === holder && term.doneMs >= toldMs)?.doneMs ?? NaN,
    ) as [number, number];
    return { ms, releasedMs: released - toldMs, takenMs: taken - toldMs };
  }

  /** The one that leads, and the one that stands by; started as needed. */
  async function twoReplicas(): Promise<{ readonly leader: MarinaProcess; readonly other: MarinaProcess }> {
    const alive = replicas.filter(({ running }) => running);
    while (alive.length < 2) alive.push(await startReplica());
    await Promise.all(alive.map((replica) => replica.untilReady()));
    const leader = await waitUntil('a leader', async () => {
      const { holder } = await audit.refresh();
      return alive.find(({ identity }) => identity === holder);
    });
    const other = alive.find((replica) => replica !== leader);
    if (!other) throw new Error('no second replica');
    return { leader, other };
  }

  async function startReplica(kubeconfigPath = cluster.kubeconfigPath): Promise<MarinaProcess> {
    const identity = identities[started++] ?? '';
    const replica = stack.use(await startMarinaProcess({ kubeconfigPath, identity }));
    replicas.push(replica);
    return replica;
  }

  async function kubeconfigThrough({ port }: TcpProxy): Promise<string> {
    const { kubeconfig, port: direct } = cluster.apiserver;
    const file = path.join(directory.path, 'through-proxy.kubeconfig');
    await writeFile(file, kubeconfig.replace(`:${direct}`, `:${port}`), { mode: 0o600 });
    return file;
  }

  /** On a DataStore of its own, which is reached at `endpoint`. */
  async function tenantOfManyKeys(endpoint: string, count: number): Promise<TenantControlPlane> {
    const { apiVersion, kind, spec } = (await cluster.client.get(dataStores, {
      name: 'default',
    })) as DataStore;
    const metadata = { name: 'far' };
    await cluster.client.create(dataStores, {
      apiVersion,
      kind,
      metadata,
      spec: { ...spec, endpoints: [endpoint] },
    });
    const created = await cluster.create(
      aTenant({ ...nodePort, dataStore: 'far' }, { name: `tenant-${named++}` }),
    );
    await allSettled([created], []);
    const { prefix } = etcdPartition(runtimeId(created.metadata?.uid ?? ''));
    const client = etcdClient(cluster.etcd, cluster.etcd.root);
    try {
      for (let first = 0; first < count; first += 100) {
        const puts = Array.from({ length: 100 }, (_, index) => ({
          request_put: { key: Buffer.from(`${prefix}key-${first + index}`), value: Buffer.from('x') },
        }));
        await client.kv.txn({ compare: [], success: puts });
      }
    } finally {
      client.close();
    }
    return created;
  }

  async function storeTxns(sinceMs: number) {
    const writes = etcdWrites(await cluster.etcd.logTail(Infinity), ports);
    return writes.filter(({ what, receivedMs }) => what === 'etcd Txn' && receivedMs >= sinceMs);
  }

  function storePort(): number {
    return Number(cluster.etcd.endpoints[0]?.split(':')[1]);
  }

  async function createTenants(count: number): Promise<readonly TenantControlPlane[]> {
    const names = Array.from({ length: count }, () => `tenant-${named++}`);
    return Promise.all(names.map((name) => cluster.create(aTenant(nodePort, { name }))));
  }

  async function deleteTenants(tenants: readonly TenantControlPlane[]): Promise<void> {
    await Promise.all(tenants.map((tenant) => cluster.client.delete(tenantControlPlanes, refOf(tenant))));
  }

  async function allSettled(
    born: readonly TenantControlPlane[],
    gone: readonly TenantControlPlane[],
  ): Promise<void> {
    for (const tenant of born) {
      await cluster.tenantWhere(
        tenant,
        ({ status }) => findCondition(status?.conditions, 'WorkloadReady')?.reason === 'ApiServerStarting',
      );
    }
    for (const tenant of gone) await waitUntil(`${tenant.metadata?.name} is gone`, () => isGone(tenant));
  }

  async function isGone(tenant: TenantControlPlane): Promise<boolean> {
    return (await cluster.client.get(tenantControlPlanes, refOf(tenant))) === undefined;
  }

  /** Resolves when a process has written so often since then. */
  async function workBy({ identity }: MarinaProcess, sinceMs: number, count: number): Promise<void> {
    await waitUntil(
      `${count} writes by ${identity}`,
      async () => (await audit.refresh()).writesBy(identity, sinceMs).length >= count,
    );
  }

  async function firstEffectMs({ identity }: MarinaProcess, sinceMs: number): Promise<number> {
    const [first] = await waitUntil(`a write by ${identity}`, async () => {
      const writes = (await audit.refresh()).writesBy(identity, sinceMs);
      return writes.length > 0 && writes;
    });
    return (first?.receivedMs ?? NaN) - sinceMs;
  }

  /** Whose connections are whose, so that the store's log can be read; `proxy`: also of those through it. */
  async function learnPorts(proxy?: TcpProxy): Promise<void> {
    for (const { pid, identity, running } of replicas) {
      if (running) for (const port of await portsOf(pid)) ports.set(port, identity);
    }
    for (const [seen, real] of proxy?.routes ?? []) {
      const identity = ports.get(real);
      if (identity) ports.set(seen, identity);
    }
  }

  /** Writes to the management cluster and, since then, to the store by one who did not lead. */
  async function outOfTurn(sinceMs: number): Promise<readonly string[]> {
    const { writes, terms } = await audit.refresh();
    const all = etcdWrites(await cluster.etcd.logTail(Infinity), ports);
    const stored = all.filter(({ receivedMs }) => receivedMs >= sinceMs);
    expect(stored.length).toBeGreaterThan(0);
    return writesOutOfTurn([...writes, ...stored], terms);
  }
});

interface HandOver {
  readonly ms: number;
  readonly releasedMs: number;
  readonly takenMs: number;
}

function isOnStore(effect: string): boolean {
  return effect.startsWith('etcd/');
}

function isByStore(write: string): boolean {
  return write.includes(': etcd ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function refOf({ metadata }: TenantControlPlane) {
  return { namespace: metadata?.namespace, name: metadata?.name ?? '' };
}
