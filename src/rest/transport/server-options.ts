import type { ServerOptions } from 'node:http';
import type { TlsOptions } from 'node:tls';

/** Milliseconds that a client has. */
export interface Timeouts {
  readonly headersTimeout: number;
  /** Of headers and body together. */
  readonly requestTimeout: number;
  /** How often both are looked at. */
  readonly connectionsCheckingInterval: number;
  /** To take an answer that is complete. */
  readonly answerTimeout: number;
}

/** A request holds a slot from its head on until its answer is taken: who is slow at either has it at the cost of others. */
export const defaultTimeouts: Timeouts = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  answerTimeout: 30_000,
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
