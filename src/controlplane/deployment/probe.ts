import type { V1Probe } from '@kubernetes/client-node';

export interface ProbeTiming {
  readonly periodSeconds: number;
  readonly failureThreshold: number;
  readonly timeoutSeconds: number;
}

/** Quick to notice, slow to give up: a crowd of births may take minutes without anything being wrong. */
export const probeTimings = {
  startup: { periodSeconds: 1, failureThreshold: 600, timeoutSeconds: 5 },
  liveness: { periodSeconds: 10, failureThreshold: 8, timeoutSeconds: 15 },
  readiness: { periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 15 },
} as const satisfies Record<string, ProbeTiming>;

export function httpProbe(
  target: { readonly scheme: 'HTTP' | 'HTTPS'; readonly port: number; readonly path: string },
  timing: ProbeTiming,
): V1Probe {
  return { httpGet: { ...target }, ...timing };
}
