import type { V1EnvVar, V1ResourceRequirements } from '@kubernetes/client-node';
import { parseQuantity } from '../../kube/quantity.ts';

/**
 * What Go programs take from their environment; docs/decisions/0009 has what each saves and costs. A program runs on as many cores
 * as it asks for; with a limit Go counts them itself, from its cgroup.
 */
export function runtimeSettings({ requests, limits }: V1ResourceRequirements): V1EnvVar[] {
  const cores = Math.max(1, Math.ceil(parseQuantity(requests?.['cpu'] ?? '') ?? 1));
  return [
    { name: 'GOGC', value: '25' },
    { name: 'GODEBUG', value: 'memprofilerate=0' },
    ...(limits?.['cpu'] === undefined ? [{ name: 'GOMAXPROCS', value: String(cores) }] : []),
  ];
}
