import { isApiError } from '../../client/api-error.ts';
import { failureOnTheWay } from '../../client/answer.ts';
import type { Backend, Finding } from '../backend.ts';
import { aboutClock, aboutFailure, examineContents } from '../examination.ts';
import { userAgent } from '../version.ts';
import type { RestOptions } from './rest-backend.ts';
import { aboutToken } from './token-claims.ts';

type Surroundings = Pick<RestOptions, 'server' | 'token' | 'fetch' | 'now' | 'signal'>;

const timeoutMs = 10_000;

/** From the network up to the control planes; ends where the rest would be pointless. */
export async function* examineRest(
  backend: Backend,
  surroundings: Surroundings,
  namespace: string,
): AsyncGenerator<Finding> {
  const { server, token, now } = surroundings;
  const answer = await greet(surroundings);
  if ('failure' in answer) {
    yield answer.failure;
    return;
  }
  yield { check: 'server', result: 'ok', message: `${server} answers as Marina does` };
  const isTls = server.startsWith('https:');
  yield {
    check: 'TLS',
    result: isTls ? 'ok' : 'skipped',
    message: isTls
      ? 'its certificate is trusted'
      : 'not used: the server is on this machine or in this cluster',
  };
  if (answer.date) yield aboutClock('clock', answer.date, now());
  let bearer: string | undefined;
  try {
    bearer = await token();
  } catch (error: unknown) {
    yield aboutFailure('token', error);
    return;
  }
  if (bearer === undefined) {
    yield {
      check: 'token',
      result: 'failed',
      message: 'there is none',
      advice: 'Sign in with `marina login`, or set MARINA_TOKEN.',
    };
    return;
  }
  yield aboutToken(bearer, now());
  try {
    yield {
      check: 'sign-in',
      result: 'ok',
      message: `the server knows you; ${await backend.serverVersion()}, ${userAgent()}`,
    };
  } catch (error: unknown) {
    yield aboutFailure('sign-in', error);
    return;
  }
  yield* examineContents(backend, namespace);
}

/** Asked without a token, Marina refuses in her own way: that is how she is known. */
async function greet({
  server,
  fetch,
  signal,
}: Surroundings): Promise<{ readonly date: Date | undefined } | { readonly failure: Finding }> {
  const check = 'server';
  try {
    const response = await fetch(`${server}/v1/openapi.json`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    const isMarina = response.headers.get('content-type')?.startsWith('application/problem+json');
    if (!isMarina && response.status !== 200)
      return {
        failure: {
          check,
          result: 'failed',
          message: `${server} answers ${response.status}, and not as Marina does`,
          advice: 'Check that the address is that of Marina’s REST API.',
        },
      };
    const date = response.headers.get('date');
    return { date: date === null ? undefined : new Date(date) };
  } catch (error: unknown) {
    const failure = failureOnTheWay(error, 'GET /v1/openapi.json');
    const isTrust = isApiError(failure, 'Untrusted');
    return { failure: aboutFailure(isTrust ? 'TLS' : check, failure) };
  }
}
