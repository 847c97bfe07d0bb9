import type { CallOptions } from '../../src/kube/client.ts';
import { KubeError, type KubeErrorCode } from '../../src/kube/errors.ts';
import type { SimulatedProcess } from './process.ts';
import type { Mishap } from './weather.ts';

export interface Call<T> {
  readonly process: SimulatedProcess;
  /** e.g. `apply Secret marina-tenants/x`. */
  readonly operation: string;
  readonly isWrite: boolean;
  readonly options?: CallOptions | undefined;
  readonly mishap: Mishap | undefined;
  /** What it does on the other side; throws what the other side answers as an error. */
  readonly effect: () => T;
  /** Told when it is on its way. */
  readonly onSend?: () => void;
  /** Told of what became of it, for the trace. */
  readonly note: (outcome: string) => void;
  /** Turns a mishap into the kind of error that this client throws. */
  readonly toError?: (code: KubeErrorCode, status: number) => Error;
}

/** One request over a network that is slow and loses things, from a process that may die any time. */
export function call<T>(request: Call<T>): Promise<T> {
  const { process, operation, isWrite, options, mishap, effect, note, onSend } = request;
  const toError = request.toError ?? ((code, status) => kubeError(operation, code, status));
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  if (!process.alive) return promise;
  if (options?.signal?.aborted) return Promise.reject(toError('Aborted', 0));

  let open = true;
  const settle = (end: () => void) => {
    if (!open) return;
    open = false;
    options?.signal?.removeEventListener('abort', abort);
    end();
  };
  const abort = () => settle(() => reject(toError('Aborted', 0)));
  options?.signal?.addEventListener('abort', abort);
  const fail = (code: KubeErrorCode, status: number) => settle(() => reject(toError(code, status)));

  const reach = () => {
    if (mishap?.when === 'hangs') {
      const outcome = mishap.effective ? attempt(effect) : undefined;
      note(`hangs${outcome ? ` (${describe(outcome)})` : ''}`);
      return;
    }
    if (mishap?.when === 'before') {
      note(mishap.code);
      process.outside.after(process.latency(), () => process.deliver(() => fail(mishap.code, mishap.status)));
      return;
    }
    const outcome = attempt(effect);
    note(describe(outcome) + (mishap ? `, answered with ${mishap.code}` : ''));
    if (death === 'after') process.kill();
    process.after(process.latency(), () => {
      if (mishap) fail(mishap.code, mishap.status);
      else if (outcome.ok) settle(() => resolve(outcome.value));
      else settle(() => reject(outcome.error));
    });
  };
  let death: ReturnType<SimulatedProcess['countEffect']>;
  const send = () => {
    if (!open) return;
    try {
      options?.beforeSend?.();
    } catch {
      fail('Aborted', 0);
      return;
    }
    onSend?.();
    death = isWrite ? process.countEffect() : undefined;
    if (death === 'before') {
      note('killed before it');
      process.kill();
      return;
    }
    // A request that is sent arrives, whatever becomes of who sent it.
    process.outside.after(process.latency(), reach);
    if (mishap?.when === 'hangs') process.after(options?.timeoutMs ?? 15_000, () => fail('Timeout', 0));
  };
  if (process.waitsForConnection()) process.after(process.latency(), send);
  else send();
  return promise;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

function attempt<T>(effect: () => T): Outcome<T> {
  try {
    return { ok: true, value: effect() };
  } catch (error: unknown) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, error };
  }
}

function describe(outcome: Outcome<unknown>): string {
  if (outcome.ok) return 'ok';
  return outcome.error instanceof KubeError ? outcome.error.code : outcome.error.message;
}

function kubeError(operation: string, code: KubeErrorCode, status: number): KubeError {
  const retryAfterMs = code === 'TooManyRequests' ? 1_000 : undefined;
  return new KubeError({
    code,
    operation,
    message: 'simulated',
    status,
    ...(retryAfterMs && { retryAfterMs }),
  });
}
