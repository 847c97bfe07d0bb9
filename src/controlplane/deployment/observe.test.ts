import { describe, expect, it } from '@jest/globals';
import type { Deployment, Pod } from '../../kube/resources.ts';
import { observeWorkload } from './observe.ts';

const deployment = (replicas: number, status: NonNullable<Deployment['status']> = {}): Deployment => ({
  spec: { replicas, selector: {}, template: {} },
  status,
});

const pod = (apiServer: NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]): Pod => ({
  metadata: { name: 'a', uid: 'u' },
  status: { podIP: '10.244.0.5', containerStatuses: [apiServer] },
});

const container = { name: 'kube-apiserver', image: '', imageID: '', restartCount: 0, ready: false };

describe('observeWorkload', () => {
  it('is done as soon as one API server answers', () => {
    const result = observeWorkload(deployment(2), [pod({ ...container, ready: true })]);

    expect(result).toMatchObject({
      state: 'Done',
      value: { readyReplicas: 1, serving: [{ ip: '10.244.0.5', incarnation: 'u/0' }] },
    });
  });

  it('goes on serving while a rollout fails, and says why it does', () => {
    const stuck = pod({
      ...container,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } },
    });
    const rolling = deployment(1, { replicas: 2, updatedReplicas: 1, readyReplicas: 1 });

    expect(observeWorkload(rolling, [pod({ ...container, ready: true }), stuck])).toMatchObject({
      state: 'Done',
      value: {
        rollout: { state: 'Failed', reason: 'ImagePullBackOff', message: 'kube-apiserver: not found' },
      },
    });
  });

  it('has rolled out when every replica is new and ready and no old one is left', () => {
    const rolloutOf = (status: NonNullable<Deployment['status']>) =>
      observeWorkload(deployment(1, status), [pod({ ...container, ready: true })]);

    expect(rolloutOf({ replicas: 1, updatedReplicas: 1, readyReplicas: 1 })).toMatchObject({
      value: { rollout: { state: 'Done' } },
    });
    expect(rolloutOf({ replicas: 2, updatedReplicas: 1, readyReplicas: 2 })).toMatchObject({
      value: { rollout: { state: 'Waiting', reason: 'RollingOut' } },
    });
  });

  it('does not count a pod that is being deleted', () => {
    const serving = pod({ ...container, ready: true });
    const stopping = {
      ...serving,
      metadata: { ...serving.metadata, deletionTimestamp: '2026-11-21T08:00:00Z' },
    };

    expect(observeWorkload(deployment(1), [stopping])).toMatchObject({
      state: 'Waiting',
      reason: 'ApiServerStarting',
    });
  });

  it('does not believe the last word of a node that is lost', () => {
    // The node lifecycle controller turns Ready alone, and gives no reason; what the kubelet said last stays.
    const last = pod({ ...container, ready: true });
    const lost: Pod = {
      ...last,
      status: {
        ...last.status,
        conditions: [
          { type: 'Ready', status: 'False' },
          { type: 'ContainersReady', status: 'True' },
        ],
      },
    };
    const terminating = {
      ...lost,
      metadata: { ...lost.metadata, deletionTimestamp: '2026-11-21T08:05:00Z' },
    };

    expect(observeWorkload(deployment(1), [lost])).toMatchObject({ state: 'Failed', reason: 'NodeLost' });
    expect(observeWorkload(deployment(1), [terminating])).toMatchObject({ reason: 'ApiServerStarting' });
  });

  it('tells an API server that was ready from one that starts', () => {
    const running = { ...container, state: { running: { startedAt: new Date('2026-11-21T08:00:05Z') } } };
    const turned = (lastTransitionTime: string): Pod => ({
      ...pod(running),
      status: {
        ...pod(running).status,
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'ContainersNotReady',
            lastTransitionTime: new Date(lastTransitionTime),
          },
        ],
      },
    });

    expect(observeWorkload(deployment(1), [turned('2026-11-21T08:00:01Z')])).toMatchObject({
      reason: 'ApiServerStarting',
    });
    expect(observeWorkload(deployment(1), [turned('2026-11-21T09:00:00Z')])).toMatchObject({
      reason: 'ApiServerNotReady',
    });
  });

  it('says Stopped at zero replicas', () => {
    expect(observeWorkload(deployment(0), [])).toMatchObject({ state: 'Waiting', reason: 'Stopped' });
  });

  it('quotes the last words of a program that keeps crashing', () => {
    const crashing = pod({
      ...container,
      state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } },
      lastState: { terminated: { exitCode: 1, message: 'I0101\nError: unknown flag: --nope\n' } },
    });

    expect(observeWorkload(deployment(1), [crashing])).toEqual({
      state: 'Failed',
      reason: 'CrashLoopBackOff',
      message: 'kube-apiserver: last exit 1: Error: unknown flag: --nope',
      cause: undefined,
    });
  });

  it('says why no node takes the pod', () => {
    const unscheduled: Pod = {
      status: {
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' },
        ],
      },
    };

    expect(observeWorkload(deployment(1), [unscheduled])).toMatchObject({
      reason: 'Unschedulable',
      message: '0/1 nodes',
    });
  });

  it('passes on that the pods are refused', () => {
    const refused = deployment(1, {
      conditions: [
        { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
      ],
    });

    expect(observeWorkload(refused, [])).toMatchObject({
      state: 'Failed',
      reason: 'FailedCreate',
      message: 'exceeded quota',
    });
  });

  it('gives a reason that it does not know as a ReplicaFailure with that word', () => {
    const refused = deployment(1, {
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'Eclipse', message: 'dark' }],
    });

    expect(observeWorkload(refused, [])).toMatchObject({
      reason: 'ReplicaFailure',
      message: 'Eclipse: dark',
    });
  });
});
