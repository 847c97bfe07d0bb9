import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type EtcdCluster, type EtcdMember, startEtcdCluster } from '../support/etcd-cluster.ts';
import { scaled } from '../support/form.ts';
import { expectNothingLost, expectSurvival, inLongForm, storeTestMs } from '../support/store-expectations.ts';
import { startStoreWorld, type StoreReport, type StoreWorld } from '../support/store-world.ts';

describe('tenants on an etcd of three members', () => {
  let started: AsyncDisposableStack;
  let etcd: EtcdCluster;
  let world: StoreWorld;

  beforeAll(async () => {
    started = new AsyncDisposableStack();
    etcd = started.use(await startEtcdCluster());
    world = started.use(await startStoreWorld(etcd, scaled(2, 4)));
  }, storeTestMs);

  afterAll(() => started.disposeAsync(), storeTestMs);

  it(
    'go on without the leader',
    async () => {
      const leader = await etcd.leader();
      await expectSurvival(world, {
        name: 'leader of etcd killed',
        begin: () => leader.kill(),
        end: () => leader.start(),
        during: without(leader),
      });
    },
    storeTestMs,
  );

  inLongForm(
    'go on without a follower',
    async () => {
      const follower = await followerOf(etcd);
      await expectSurvival(world, {
        name: 'follower of etcd killed',
        begin: () => follower.kill(),
        end: () => follower.start(),
        during: without(follower),
      });
    },
    storeTestMs,
  );

  inLongForm(
    'go on when the leader stands still, and when it wakes',
    async () => {
      const leader = await etcd.leader();
      await expectSurvival(world, {
        name: 'leader of etcd stopped and continued',
        begin: () => leader.pause(),
        end: () => leader.resume(),
        during: without(leader),
      });
    },
    storeTestMs,
  );

  inLongForm(
    'go on when a member swallows what they say',
    async () => {
      const follower = await followerOf(etcd);
      await expectSurvival(world, {
        name: 'member of etcd behind a black hole',
        begin: () => follower.blackhole(),
        end: () => follower.heal(),
        during: without(follower),
      });
    },
    storeTestMs,
  );

  it(
    'are back when all members are',
    () =>
      expectSurvival(world, {
        name: 'all of etcd killed',
        begin: () => all((member) => member.kill()),
        end: () => all((member) => member.start()),
        during: { status: 'False', reason: 'Unhealthy', message: /Unreachable/ },
      }),
    storeTestMs,
  );

  inLongForm(
    'are back when all members hear them again',
    () =>
      expectSurvival(world, {
        name: 'all of etcd behind a black hole',
        begin: () => all((member) => member.blackhole()),
        end: () => all((member) => member.heal()),
        during: { status: 'False', reason: 'Unhealthy', message: /Unreachable: .*no answer in time/ },
      }),
    storeTestMs,
  );

  it('have lost nothing', () => expectNothingLost(world, 'etcd'), storeTestMs);

  async function all(act: (member: EtcdMember) => Promise<void> | void): Promise<void> {
    await Promise.all(etcd.members.map(async (member) => act(member)));
  }
});

async function followerOf(etcd: EtcdCluster): Promise<EtcdMember> {
  const leader = await etcd.leader();
  const follower = etcd.members.find((member) => member !== leader);
  if (!follower) throw new Error('etcd has no follower');
  return follower;
}

/** The store works, and names the member that does not. */
function without({ endpoint }: EtcdMember): StoreReport {
  const message = new RegExp(`The store works, but .*${endpoint}`);
  return { status: 'True', reason: 'EndpointsUnhealthy', message };
}
