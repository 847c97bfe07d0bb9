import { Pool, type Dispatcher } from 'undici';
import { beforeSend } from './before-send.ts';
import type { CallOptions } from './client.ts';
import { connector, type TlsOptions } from './connector.ts';
import { KubeError } from './errors.ts';
import { answerError, failureError } from './http-errors.ts';

export type Verb =
  'get' | 'list' | 'watch' | 'create' | 'apply' | 'dry-run apply' | 'patch' | 'delete' | 'probe';

/** One request as it was: `status` is 0 when no answer came, `ms` counts to the end of the body (watch: its head). */
export interface RequestRecord {
  readonly verb: Verb;
  /** Plural with subresource, e.g. `deployments/status`; of a probe its path. */
  readonly resource: string;
  readonly status: number;
  readonly ms: number;
}

export interface ClientSettings extends Pick<TlsOptions, 'servername'> {
  /** For writes that name none. */
  readonly fieldManager?: string;
  /** Connections for calls, default 16; each watch has one of its own besides. */
  readonly maxConnections?: number;
  /** Milliseconds that an unused connection is kept, default 30,000. */
  readonly keepAliveTimeoutMs?: number;
  /** Milliseconds for calls that name no timeout, default 15,000. */
  readonly timeoutMs?: number;
  /** Bytes of an answer's body, default unlimited; watches are not counted. */
  readonly maxAnswerBytes?: number;
  readonly userAgent?: string;
  readonly onRequest?: (request: RequestRecord) => void;
}

export interface HttpClientOptions extends ClientSettings, TlsOptions {
  /** e.g. `https://10.0.0.1:6443`, with an optional path prefix. */
  readonly server: string;
  /** Headers that authenticate a request; asked before each one. */
  readonly authenticate?: () => Promise<Readonly<Record<string, string>>>;
}

/** A name that no URL can hold (`1.2.3.400`, `a.0x`) is a server that cannot be reached. */
function parseServer(server: string): URL {
  if (URL.canParse(server)) return new URL(server);
  throw new KubeError({ code: 'Unreachable', operation: `connect to ${server}`, message: 'not a URL' });
}

/** One request to be made. */
export interface Call extends CallOptions {
  readonly verb: Verb;
  /** For errors, e.g. `apply Deployment marina-tenants/x`. */
  readonly operation: string;
  readonly resource: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
  readonly contentType?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * Requests over pooled connections. HTTP/1.1 on purpose: every watch has a connection to itself, so that one dead
 * connection cannot silence them all, and a slow list does not hold up a lease renewal.
 */
export class HttpTransport {
  private readonly options: HttpClientOptions;
  private readonly prefix: string;
  private readonly calls: Pool;
  private readonly watches: Pool;

  constructor(options: HttpClientOptions) {
    const url = parseServer(options.server);
    const shared: Pool.Options = {
      connect: connector(options),
      keepAliveTimeout: options.keepAliveTimeoutMs ?? 30_000,
      allowH2: false,
    };
    this.options = options;
    this.prefix = url.pathname.replace(/\/+$/, '');
    this.calls = new Pool(url.origin, {
      ...shared,
      connections: options.maxConnections ?? 16,
      maxResponseSize: options.maxAnswerBytes ?? -1,
    });
    this.watches = new Pool(url.origin, { ...shared, connections: null });
  }

  /** The answer, whatever its status; rejects with a KubeError when none came. */
  async send(call: Call): Promise<Answer> {
    const started = performance.now();
    const deadline = limit(this.timeoutMs(call), call.signal);
    let status = 0;
    const held = { back: false };
    const check = () => {
      held.back = true;
      call.beforeSend?.();
      held.back = false;
    };
    const calls = call.beforeSend ? this.calls.compose(beforeSend(check)) : this.calls;
    try {
      const answer = await readAnswer(await this.request(call, calls, deadline.signal));
      status = answer.status;
      return answer;
    } catch (error) {
      throw failureError(call.operation, error, {
        isAborted: held.back || call.signal?.aborted,
        isLate: deadline.isLate(),
      });
    } finally {
      deadline.release();
      this.record(call, status, started);
    }
  }

  /** The body of a good answer as it comes, a watch's for as long as it comes; leaving the loop ends the request. */
  async *stream(call: Call): AsyncGenerator<Uint8Array> {
    const end = limit(call.verb === 'watch' ? undefined : this.timeoutMs(call), call.signal);
    try {
      const response = await this.head(call, end.signal);
      if (response.statusCode >= 400) throw answerError(call.operation, await readAnswer(response));
      yield* response.body as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw failureError(call.operation, error, { isAborted: call.signal?.aborted, isLate: end.isLate() });
    } finally {
      end.abort();
      end.release();
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.calls.destroy(), this.watches.destroy()]);
  }

  private async head(call: Call, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const started = performance.now();
    let status = 0;
    try {
      const response = await this.request(call, this.watches, signal, 0);
      status = response.statusCode;
      return response;
    } finally {
      this.record(call, status, started);
    }
  }

  private async request(call: Call, pool: Dispatcher, signal: AbortSignal, bodyTimeout?: number) {
    const headers: Record<string, string> = {
      accept: call.verb === 'probe' ? '*/*' : 'application/json',
      'user-agent': this.options.userAgent ?? 'marina',
      ...(await this.options.authenticate?.()),
    };
    if (call.body) headers['content-type'] = call.contentType ?? 'application/json';
    const response = pool.request({
      method: call.method,
      path: this.prefix + call.path + queryOf(call.query),
      headers,
      body: call.body && toJson(call.body),
      signal,
      headersTimeout: this.timeoutMs(call),
      bodyTimeout: bodyTimeout ?? this.timeoutMs(call),
    });
    return unlessAborted(response, signal);
  }

  private timeoutMs(call: Call): number {
    return call.timeoutMs ?? this.options.timeoutMs ?? 15_000;
  }

  private record({ verb, resource }: Call, status: number, started: number): void {
    this.options.onRequest?.({ verb, resource, status, ms: performance.now() - started });
  }
}

/** JSON that is YAML too, which API servers take applied objects for: it has fewer characters and more line breaks. */
function toJson(body: object): string {
  return JSON.stringify(body).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A signal that aborts after `ms` or with `outer`. By hand: `AbortSignal.any` on a long-lived signal keeps memory. */
function limit(ms: number | undefined, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort(outer?.reason);
  let isLate = false;
  const late = () => {
    isLate = true;
    controller.abort(new Error(`no answer in ${ms} ms`));
  };
  const timer = ms === undefined ? undefined : setTimeout(late, ms);
  outer?.addEventListener('abort', abort, { once: true });
  if (outer?.aborted) abort();
  const release = () => {
    clearTimeout(timer);
    outer?.removeEventListener('abort', abort);
  };
  return { signal: controller.signal, isLate: () => isLate, abort, release };
}

/**
 * Undici looks at the signal only once a connection stands, which takes long when the server hangs. It does not send what
 * was aborted before, so the caller need not wait to know.
 */
async function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([pending, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function queryOf(query: Call['query'] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) parameters.set(name, String(value));
  return parameters.size > 0 ? `?${parameters.toString()}` : '';
}

async function readAnswer(response: Dispatcher.ResponseData): Promise<Answer> {
  return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
}
