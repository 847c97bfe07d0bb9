import type { Client, ClientConfig, Pool } from 'pg';
import { inspectCertificate } from '../../pki/inspect.ts';
import type { PostgresConnection } from '../driver.ts';

/** The database that administration goes through; every server has it. */
export const administrativeDatabase = 'postgres';

/** Milliseconds until a connection that does not come about has failed, and until a read has. */
export const readTimeoutMs = 5000;
/** Milliseconds until a change has failed: to make a database, files are copied. */
export const writeTimeoutMs = 30_000;

export interface ClientCredential {
  /** PEM; its common name is the role. */
  readonly clientCertificate: string;
  readonly clientKey: string;
}

export interface Target {
  /** `host:port` */
  readonly endpoint: string;
  readonly database: string;
  /** Default {@link readTimeoutMs}. */
  readonly timeoutMs?: number;
}

type ServerTrust = Pick<PostgresConnection, 'certificateAuthority'>;

/** Connected when it resolves; the caller ends it. */
export async function connectClient(trust: ServerTrust, as: ClientCredential, to: Target): Promise<Client> {
  // Loaded on first use: a manager without a Postgres store need not carry it.
  const { default: pg } = await import('pg');
  const client = new pg.Client(clientConfig(trust, as, to));
  // Without a listener the loss of an idle connection would end the process; the next call fails anyway.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Connects when it is used. */
export async function openPool(
  trust: ServerTrust,
  as: ClientCredential,
  to: Target,
  size: number,
): Promise<Pool> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    ...clientConfig(trust, as, to),
    max: size,
    idleTimeoutMillis: 60_000,
    allowExitOnIdle: true,
  });
  pool.on('error', () => undefined);
  return pool;
}

function clientConfig(
  { certificateAuthority }: ServerTrust,
  { clientCertificate, clientKey }: ClientCredential,
  { endpoint, database, timeoutMs = readTimeoutMs }: Target,
): ClientConfig {
  const { host, port } = parseEndpoint(endpoint);
  return {
    host,
    port,
    database,
    user: roleOf(clientCertificate),
    // Verifies chain and host name, as libpq's sslmode=verify-full does.
    ssl: {
      ca: certificateAuthority,
      cert: clientCertificate,
      key: clientKey,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    },
    application_name: 'marina',
    // A tenant's objects must never stand in for the server's own.
    options: '-c search_path=pg_catalog,pg_temp',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
    statement_timeout: writeTimeoutMs,
    lock_timeout: writeTimeoutMs,
    keepAlive: true,
  };
}

/** The role that a certificate makes its holder. */
export function roleOf(certificate: string): string {
  return inspectCertificate(certificate).subject.commonName;
}

/** `host:port`, `[::1]:port`; without a port Postgres' own. */
export function parseEndpoint(endpoint: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(endpoint);
  return { host: match?.[1] ?? match?.[2] ?? endpoint, port: Number(match?.[3] ?? 5432) };
}
