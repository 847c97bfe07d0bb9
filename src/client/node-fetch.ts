import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Fetch } from './client.ts';

export interface NodeFetch extends AsyncDisposable {
  readonly fetch: Fetch;
}

/** Left out: what HTTPS_PROXY and NO_PROXY say, in either case. */
export interface Proxies {
  readonly httpsProxy?: string;
  readonly noProxy?: string;
}

/** `fetch` with certificate authorities of one's own, in PEM, in place of Node's; undefined: Node's. */
export function nodeFetch(ca: string | undefined, proxies: Proxies = {}): NodeFetch {
  const tls = { timeout: 10_000, ...(ca !== undefined && { ca }) };
  const dispatcher = new EnvHttpProxyAgent({
    ...proxies,
    // What goes in the clear stays on this machine or in the cluster: no proxy sees it.
    httpProxy: '',
    connect: tls,
    // Of the server behind a proxy.
    requestTls: tls,
    // A stream is quiet between heartbeats; `timeoutMs` of the client bounds everything else.
    bodyTimeout: 60_000,
  });
  return {
    // Other types for the same standard.
    fetch: (url, init) => fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}
