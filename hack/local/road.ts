import { probe } from '../toolchain/command.ts';

/**
 * - `docker`: the machine's Docker engine and kind's official node image.
 * - `podman`: Debian's podman, set up for this checkout alone, and a node image built here; needs no image registry.
 */
export type Road = 'docker' | 'podman';

export interface RoadFacts {
  /** The road of the environment that is there already: it is not changed under way. */
  readonly taken?: Road;
  readonly dockerEngine: boolean;
  readonly imageRegistry: boolean;
}

export function chooseRoad(facts: RoadFacts): Road {
  if (facts.taken) return facts.taken;
  return facts.dockerEngine && facts.imageRegistry ? 'docker' : 'podman';
}

export async function gatherRoadFacts(taken: Road | undefined): Promise<RoadFacts> {
  if (taken) return { taken, dockerEngine: false, imageRegistry: false };
  const docker = await probe('docker', ['info', '--format', '{{.ServerVersion}}']);
  if (docker.status !== 0) return { dockerEngine: false, imageRegistry: false };
  return { dockerEngine: true, imageRegistry: await imageRegistryAnswers() };
}

/** The OCI distribution API answers a request for its root with 200 or, to strangers, 401; a captive portal does neither. */
async function imageRegistryAnswers(): Promise<boolean> {
  return await fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status === 200 || status === 401,
    () => false,
  );
}
