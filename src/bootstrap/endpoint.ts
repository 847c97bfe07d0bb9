import { isIPv6 } from 'node:net';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address (RFC 3986 section 3.2.2). */
export function hostAndPort(endpoint: Endpoint): string {
  const host = isIPv6(endpoint.host) ? `[${endpoint.host}]` : endpoint.host;
  return `${host}:${endpoint.port}`;
}

export function serverUrl(endpoint: Endpoint): string {
  return `https://${hostAndPort(endpoint)}`;
}
