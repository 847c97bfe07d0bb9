import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../src/engine/clock.ts';
import { LeaderElection } from '../../src/engine/leader-election.ts';
import { NotLeaderError } from '../../src/engine/leader-guard.ts';
import { silentLog } from '../../src/engine/log.ts';
import { FencedKubeClient } from '../../src/kube/fenced-client.ts';
import type { HttpKubeClient } from '../../src/kube/http-client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { configMaps, leases } from '../../src/kube/resources.ts';
import { startKubeApiserver, type KubeApiserver } from '../support/kube-apiserver.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(30_000);

const namespace = 'default';

describe('LeaderElection on a real API server', () => {
  let server: KubeApiserver;
  let client: HttpKubeClient;

  beforeAll(async () => {
    server = await startKubeApiserver();
    client = await connect({ kubeconfig: server.kubeconfig });
  }, 600_000);

  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  function campaign(name: string, identity: string) {
    const times = { durationMs: 2_000, renewDeadlineMs: 1_500, renewMs: 500, retryMs: 250 };
    const election = new LeaderElection({
      client,
      namespace,
      name,
      identity,
      clock: systemClock,
      log: silentLog,
      ...times,
    });
    const stop = new AbortController();
    const state = { isLeading: false };
    const ended = election.run(stop.signal, async (term) => {
      state.isLeading = true;
      await new Promise<void>((resolve) => term.addEventListener('abort', () => resolve(), { once: true }));
      state.isLeading = false;
    });
    return { election, state, stop, ended };
  }

  it('makes one of two the leader, and the other when that one stops', async () => {
    const replicas = [campaign('orderly', 'a'), campaign('orderly', 'b')];
    const leader = await waitUntil('a leader', async () => replicas.find(({ state }) => state.isLeading));
    const other = replicas.find((replica) => replica !== leader);
    expect(other?.state.isLeading).toBe(false);

    leader.stop.abort();
    expect(await leader.ended).toBe('released');
    await waitUntil('the other to lead', async () => other?.state.isLeading);

    const lease = await client.get(leases, { namespace, name: 'orderly' });
    expect(lease?.spec).toMatchObject({ leaseDurationSeconds: 2, leaseTransitions: 1 });
    other?.stop.abort();
    await other?.ended;
  });

  it('loses the lease to whoever has written it, and writes nothing from then on', async () => {
    const replica = campaign('stolen', 'a');
    await waitUntil('a leader', async () => replica.state.isLeading);
    const fenced = new FencedKubeClient(client, replica.election.guard);
    await fenced.create(configMaps, { metadata: { namespace, name: 'while-leading' } });

    const patch = {
      type: 'merge',
      body: { spec: { holderIdentity: 'thief', leaseDurationSeconds: 60 } },
    } as const;
    await client.patch(leases, { namespace, name: 'stolen' }, patch);
    expect(await replica.ended).toBe('lost');

    await expect(fenced.delete(configMaps, { namespace, name: 'while-leading' })).rejects.toThrow(
      NotLeaderError,
    );
    expect(await client.get(configMaps, { namespace, name: 'while-leading' })).toBeDefined();
  });

  it('shuts the fence while the API server does not answer', async () => {
    const replica = campaign('cut-off', 'a');
    await waitUntil('a leader', async () => replica.state.isLeading);

    server.pause();
    try {
      expect(await replica.ended).toBe('lost');
      expect(() => replica.election.guard.assertHeld()).toThrow(NotLeaderError);
    } finally {
      server.resume();
    }
  });
});
