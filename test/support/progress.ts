import { done } from '../../src/controlplane/component.ts';
import type { Progress } from '../../src/controlplane/status.ts';

/** A reconcile in which every step is done; `steps` is what the test is about. */
export function aProgress(steps: Partial<Progress> = {}): Progress {
  return {
    endpoint: done({ host: '192.0.2.7', port: 31234 }),
    endpointCheck: done(undefined),
    partition: done(undefined),
    certificates: done(undefined),
    workload: done({ readyReplicas: 1, serving: [], rollout: done(undefined) }),
    bootstrap: done(undefined),
    addons: done(undefined),
    adminKubeconfig: done(undefined),
    pods: 1,
    ...steps,
  };
}
