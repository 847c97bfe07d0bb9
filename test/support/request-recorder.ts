import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** One request that this process made, e.g. `GET` and `/api/v1/namespaces/kube-system/configmaps`. */
export interface RecordedRequest {
  /** e.g. `127.0.0.1:6443` */
  readonly host: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** Asks what a write would do, and does not carry it out. */
  readonly isDryRun: boolean;
  readonly userAgent: string;
}

export interface RequestRecorder extends Disposable {
  /** Since the start or the last `reset`, in order. */
  readonly requests: readonly RecordedRequest[];
  reset(): void;
}

/** Of undici: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
const channel = 'undici:request:create';

/** Sees every HTTP request of this process, whoever makes it. */
export function recordRequests(): RequestRecorder {
  let requests: RecordedRequest[] = [];
  const onRequest = (message: unknown) => {
    const { request } = message as { request: UndiciRequest };
    const url = new URL(request.path, request.origin);
    requests.push({
      host: url.host,
      method: request.method,
      path: url.pathname,
      isWatch: url.searchParams.has('watch'),
      isDryRun: url.searchParams.has('dryRun'),
      userAgent: headerOf(request.headers, 'user-agent'),
    });
  };
  subscribe(channel, onRequest);
  return {
    get requests() {
      return requests;
    },
    reset: () => {
      requests = [];
    },
    [Symbol.dispose]: () => void unsubscribe(channel, onRequest),
  };
}

interface UndiciRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

function headerOf(headers: readonly string[], name: string): string {
  const at = headers.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name);
  return headers[at + 1] ?? '';
}
