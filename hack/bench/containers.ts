import type { KubeClient } from '../../src/kube/client.ts';
import { type Pod, pods } from '../../src/kube/resources.ts';
import type { StoreKind } from '../local/datastores.ts';
import { cpuSecondsOf } from './cpu.ts';
import { proportionalSetSize } from './memory.ts';

/** Id by the container's name, sidecars among them. */
export type Containers = ReadonlyMap<string, string>;

export function containersOf({ status }: Pod): Containers {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const running = all.filter(({ state }) => state?.running);
  // `containerd://<id>`
  return new Map(running.map(({ name, containerID = '' }) => [name, containerID.replace(/^.*:\/\//, '')]));
}

/** The server of the local environment, which all tenants on it share: one pod of one container. */
export async function storeContainers(client: KubeClient, kind: StoreKind): Promise<Containers> {
  const labelSelector = `app.kubernetes.io/name=${kind}`;
  const { items } = await client.list(pods, { namespace: 'marina-system', labelSelector });
  const [pod] = items;
  if (!pod || items.length > 1) throw new Error(`${items.length} pods ${labelSelector}, one is expected`);
  return containersOf(pod);
}

/** Seconds of CPU so far, by name. */
export async function cpuSecondsBy(containers: Containers): Promise<ReadonlyMap<string, number>> {
  return await byName(containers, cpuSecondsOf);
}

/** Proportional set size in bytes, by name. */
export async function memoryBy(containers: Containers): Promise<ReadonlyMap<string, number>> {
  return await byName(containers, (id) => proportionalSetSize([id]));
}

async function byName(
  containers: Containers,
  measure: (id: string) => Promise<number>,
): Promise<ReadonlyMap<string, number>> {
  return new Map(
    await Promise.all(
      [...containers].map(async ([name, id]): Promise<[string, number]> => [name, await measure(id)]),
    ),
  );
}
