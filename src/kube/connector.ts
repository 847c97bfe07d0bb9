import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { buildConnector } from 'undici';

/** How to reach and to trust a server; certificates and keys are PEM. */
export interface TlsOptions {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** The name in the server's certificate, when it is not the host of the URL; also sent as SNI unless it is an IP. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export function connector({
  ca,
  cert,
  key,
  servername,
  rejectUnauthorized,
}: TlsOptions): buildConnector.connector {
  // RFC 6066 has no IPs in SNI: such a name is only what the certificate is checked for.
  const checked = servername && isIP(servername) ? servername : undefined;
  const connect = buildConnector({
    ca,
    cert,
    key,
    rejectUnauthorized,
    allowH2: false,
    // A request can wait for its connection no longer than for its answer.
    timeout: 5_000,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(checked && { checkServerIdentity: (_: string, peer) => checkServerIdentity(checked, peer) }),
  });
  const sni = checked ? undefined : servername;
  return (options, callback) => connect({ ...options, servername: sni ?? options.servername }, callback);
}
