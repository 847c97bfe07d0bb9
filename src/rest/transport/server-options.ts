import type { ServerOptions } from 'node:http';
import type { TlsOptions } from 'node:tls';

/** Milliseconds that a client has for what it sends. */
export interface Timeouts {
  readonly headersTimeout: number;
  /** Of headers and body together. */
  readonly requestTimeout: number;
  /** How often both are looked at. */
  readonly connectionsCheckingInterval: number;
}

export const defaultTimeouts: Timeouts = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
};

export const serverOptions = {
  maxHeaderSize: 16 * 1024,
  /** Milliseconds; longer than load balancers keep theirs (60 s, mostly), so that none sends into a connection that ends. */
  keepAliveTimeout: 75_000,
  keepAlive: true,
  requireHostHeader: true,
  insecureHTTPParser: false,
} as const satisfies ServerOptions;

export const tlsOptions = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const satisfies TlsOptions;

/** Connections at once. */
export const mostConnections = 10_000;

/** Milliseconds without an octet, in either direction: more than the longest `?wait=` (600 s). */
export const silenceMs = 660_000;
