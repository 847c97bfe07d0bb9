import { connect } from '../../kube/kubeconfig.ts';
import type { Backend } from '../backend.ts';
import type { Surroundings } from '../context.ts';
import { CliError } from '../failure.ts';
import type { Target } from '../settings/target.ts';
import { userAgent } from '../version.ts';
import { StraightBackend } from './straight-backend.ts';

type StraightTarget = Extract<Target, { way: 'straight' }>;

/** The management cluster that a kubeconfig names. Sends nothing yet. */
export async function openStraight(target: StraightTarget, { now }: Surroundings): Promise<Backend> {
  const { kubeconfig, context } = target;
  try {
    const client = await connect({ ...kubeTarget(target), userAgent: userAgent() });
    const which = [
      kubeconfig ?? 'the default kubeconfig',
      ...(context === undefined ? [] : [`context ${context}`]),
    ];
    return new StraightBackend({ client, address: which.join(', '), now });
  } catch (cause: unknown) {
    throw new CliError('usage', `The kubeconfig cannot be used: ${(cause as Error).message}`, {
      advice: 'Check --kubeconfig and --context.',
      cause,
    });
  }
}

export function kubeTarget({ kubeconfig, context }: StraightTarget) {
  const which = context === undefined ? {} : { context };
  return kubeconfig === undefined
    ? { defaultKubeconfig: true as const, ...which }
    : { kubeconfigFile: kubeconfig, ...which };
}
