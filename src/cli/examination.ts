import { isApiError } from '../client/api-error.ts';
import type { Backend, ControlPlane, Finding } from './backend.ts';
import { asFailure, CliError } from './failure.ts';
import { findingsOf } from './health.ts';

/** Seconds by which clocks may differ before tokens and certificates are refused. */
const skewSeconds = 30;

export function aboutClock(check: string, theirs: Date, ours: Date): Finding {
  const seconds = Math.round((ours.getTime() - theirs.getTime()) / 1_000);
  if (Math.abs(seconds) <= skewSeconds)
    return { check, result: 'ok', message: `differs by ${Math.abs(seconds)} s` };
  const direction = seconds > 0 ? 'ahead of' : 'behind';
  return {
    check,
    result: 'failed',
    message: `is ${Math.abs(seconds)} s ${direction} the server’s`,
    advice: 'Set the clock of this machine by NTP: tokens and certificates are refused otherwise.',
  };
}

/** What was thrown, as a finding. */
export function aboutFailure(check: string, error: unknown): Finding {
  const { message, advice } = asFailure(error);
  return { check, result: 'failed', message, ...(advice !== undefined && { advice }) };
}

/** Whether a call is allowed: what it is refused for otherwise does not matter. */
export async function mayBeDone(check: string, attempt: () => Promise<unknown>): Promise<Finding> {
  try {
    await attempt();
  } catch (error: unknown) {
    if (isApiError(error, 'Forbidden'))
      return {
        check,
        result: 'warning',
        message: error.message,
        advice: 'Ask for the right if you need it.',
      };
    if (!isApiError(error) && !(error instanceof CliError)) throw error;
    if (isApiError(error, 'Unavailable', 'Unreachable', 'Timeout', 'TooManyRequests'))
      return aboutFailure(check, error);
  }
  return { check, result: 'ok', message: 'allowed' };
}

/** What every way has: the rights that commands need, and how the control planes are. */
export async function* examineContents(backend: Backend, namespace: string): AsyncGenerator<Finding> {
  let found: readonly ControlPlane[] = [];
  yield await mayBeDone(`list control planes in ${namespace}`, async () => {
    found = await backend.list('controlplanes', { namespace });
  });
  const wish = { name: 'marina-doctor', spec: {} };
  yield await mayBeDone(`create control planes in ${namespace}`, () =>
    backend.create('controlplanes', namespace, wish, { dryRun: true }),
  );
  yield await mayBeDone(`list backups in ${namespace}`, () => backend.list('backups', { namespace }));
  const [first] = found;
  if (first) {
    yield await mayBeDone(`list join tokens of ${first.name}`, () => backend.listJoinTokens(first));
    yield await mayBeDone(`list kubeconfigs of ${first.name}`, () => backend.listKubeconfigs(first));
  }
  for (const controlPlane of found) yield* findingsOf(controlPlane);
}
