import createClient, { type Client } from 'openapi-fetch';
import { failureOf, failureOnTheWay } from './answer.ts';
import { retryDelayMs } from './retry.ts';
import type { components, paths } from './schema.gen.ts';

export type Schemas = components['schemas'];

/** The REST API, a method for each of HTTP's; every one rejects with an `ApiError`. */
export type MarinaClient = Client<paths>;

/** What the client asks of its surroundings; a browser has it as `fetch`, Node as `nodeFetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One request as it went. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly requestId: string | undefined;
}

export interface ClientOptions {
  /** e.g. `https://marina.example`, with an optional path prefix. */
  readonly server: string;
  readonly fetch: Fetch;
  /** Asked before each request; undefined: nobody in particular. */
  readonly token: () => Promise<string | undefined>;
  /** Milliseconds for one attempt up to the head of its answer, default 30,000. */
  readonly timeoutMs?: number;
  /** How often a request is sent at most, default 5. */
  readonly attempts?: number;
  readonly userAgent?: string;
  /** Gives everything up. */
  readonly signal?: AbortSignal;
  readonly onExchange?: (exchange: Exchange) => void;
  /** Resolves after so many milliseconds; rejects when the signal aborts. */
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1). */
  readonly random: () => number;
}

export function createMarinaClient(options: ClientOptions): MarinaClient {
  return createClient<paths>({
    baseUrl: options.server.replace(/\/+$/, ''),
    fetch: (request) => send(request, options),
  });
}

/** What was answered; a call that failed has been thrown before. */
export async function dataOf<T>(answer: Promise<{ readonly data?: T }>): Promise<T> {
  return (await answer).data as T;
}

async function send(request: Request, options: ClientOptions): Promise<Response> {
  const { attempts = 5, wait, random, signal } = options;
  const { method } = request;
  const headers = new Headers(request.headers);
  if (options.userAgent !== undefined) headers.set('user-agent', options.userAgent);
  if (method === 'POST' && !headers.has('idempotency-key'))
    headers.set('idempotency-key', crypto.randomUUID());
  const body = request.body ? await request.text() : undefined;
  const init = { method, headers, ...(body !== undefined && { body }) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(request, init, options);
    } catch (error: unknown) {
      const failure = failureOnTheWay(error, `${method} ${new URL(request.url).pathname}`);
      const isKeyed = headers.has('idempotency-key');
      const delayMs = retryDelayMs({ method, isKeyed, attempt, failure }, random());
      if (delayMs === undefined || attempt >= attempts || signal?.aborted) throw failure;
      await wait(delayMs, signal);
    }
  }
}

async function attemptOnce(
  { url, method, signal: own }: Request,
  init: { readonly headers: Headers; readonly method: string; readonly body?: string },
  { fetch, token, timeoutMs = 30_000, signal, onExchange }: ClientOptions,
): Promise<Response> {
  const bearer = await token();
  if (bearer !== undefined) init.headers.set('authorization', `Bearer ${bearer}`);
  // The body of an answer, a stream's above all, may take as long as it likes.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException('no answer', 'TimeoutError')), timeoutMs);
  const signals = [late.signal, own, ...(signal ? [signal] : [])];
  let response: Response | undefined;
  try {
    response = await fetch(url, { ...init, signal: AbortSignal.any(signals) });
    if (response.ok) return response;
    throw await failureOf(response, `${method} ${new URL(url).pathname}`);
  } finally {
    clearTimeout(timer);
    onExchange?.({
      method,
      url,
      status: response?.status ?? 0,
      requestId: response?.headers.get('x-request-id') ?? undefined,
    });
  }
}
