import type { Kubectl } from './kubectl.ts';
import { until } from './wait.ts';

/** After a start of the node the API server tells of the pods of before until the kubelet has looked after each of them. */
export async function waitForPodsSince(kubectl: Kubectl, started: Date): Promise<void> {
  await until(
    'get the pods of the management cluster running again',
    240,
    async () => {
      const { stdout } = await kubectl.probe(['get', 'pods', '--all-namespaces', '--output', 'json']);
      if (!stdout) return 'the API server does not answer';
      const waiting = podsNotRunningSince(started, JSON.parse(stdout) as PodList);
      return waiting.length === 0 ? { value: undefined } : `not ready yet: ${waiting.join(', ')}`;
    },
    1_000,
  );
}

export interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly status: {
      readonly phase: string;
      readonly containerStatuses?: readonly {
        readonly ready: boolean;
        readonly state: { readonly running?: { readonly startedAt: string } };
      }[];
    };
  }[];
}

/** Pods, `namespace/name`, that have a container which is not ready or was last started before. Ended pods do not count. */
export function podsNotRunningSince(started: Date, pods: PodList): readonly string[] {
  // startedAt has whole seconds.
  const since = Math.floor(started.getTime() / 1000) * 1000;
  const waiting: string[] = [];
  for (const { metadata, status } of pods.items) {
    if (status.phase === 'Succeeded' || status.phase === 'Failed') continue;
    const containers = status.containerStatuses ?? [];
    const running = containers.every(
      ({ ready, state }) =>
        ready && state.running !== undefined && Date.parse(state.running.startedAt) >= since,
    );
    if (containers.length === 0 || !running) waiting.push(`${metadata.namespace}/${metadata.name}`);
  }
  return waiting;
}
