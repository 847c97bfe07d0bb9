import pg from 'pg';
import type { DataStoreDriver } from '../../src/datastore/driver.ts';
import { openDataStore } from '../../src/datastore/open.ts';
import { postgresConnection, postgresCredential } from '../support/postgres-datastore.ts';
import type { Credential } from '../support/certificates.ts';
import { outcomeOf } from '../support/postgres-escapes.ts';
import { startPostgres } from '../support/postgres.ts';
import type { PostgresServer } from '../support/postgres.ts';

export interface PostgresTenant {
  readonly id: string;
  /** Connected with exactly the tenant's credential. */
  readonly client: pg.Client;
  /** Of that connection, at the server. */
  readonly pid: number;
}

/** A shared Postgres with the partitions of tenants, as Marina makes them. */
export interface PostgresWorld extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly driver: DataStoreDriver;
  readonly tenants: readonly PostgresTenant[];
  /** One more connection of a tenant; closed with the rest. */
  connect(id: string): Promise<pg.Client>;
  /** As Marina issues it. */
  credentialOf(id: string): Promise<Credential>;
  /** What comes of a try to connect as `role`, without a certificate too; a connection that comes about is closed. */
  knock(database: string, as: Credential | undefined, role: string): ReturnType<typeof outcomeOf>;
}

export async function startPostgresWorld(ids: readonly string[]): Promise<PostgresWorld> {
  await using started = new AsyncDisposableStack();
  // Anybody with a certificate may knock at any database: what keeps tenants out here are rights alone.
  const accessRules = ['local all postgres trust', 'hostssl all all all cert'];
  const server = started.use(await startPostgres({ accessRules, settings: { max_connections: '200' } }));
  const driver = started.adopt(openDataStore(postgresConnection(server)), (open) => open.close());
  const connections = started.use(new AsyncDisposableStack());
  const connect = async (id: string) => {
    const client = await server.connect(id, await postgresCredential(server, id));
    return connections.adopt(client, (open) => open.end().catch(() => undefined));
  };

  const tenants: PostgresTenant[] = [];
  for (const id of ids) {
    await driver.ensurePartition(id);
    const client = await connect(id);
    // The columns that kine's table has, as far as Marina looks at them.
    await client.query('CREATE TABLE kine (id bigserial PRIMARY KEY, name text, deleted int, value bytea)');
    await client.query(`INSERT INTO kine (name, deleted, value) VALUES ($1, 0, 'untouched')`, [
      `/${id}/key-0`,
    ]);
    const { rows } = await client.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
    tenants.push({ id, client, pid: rows[0]?.pid ?? 0 });
  }
  const parts = started.move();
  return {
    server,
    driver,
    tenants,
    connect,
    credentialOf: (id) => postgresCredential(server, id),
    knock: (database, as, role) => outcomeOf(visit(server, { database, as, role })),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function visit(
  { endpoints, ca }: PostgresServer,
  {
    database,
    as,
    role,
  }: { readonly database: string; readonly as: Credential | undefined; readonly role: string },
): Promise<void> {
  const { hostname, port } = new URL(`tcp://${endpoints[0]}`);
  const client = new pg.Client({
    host: hostname,
    port: Number(port),
    database,
    user: role,
    ssl: { ca: ca.certificate, ...(as && { cert: as.certificate, key: as.privateKey }) },
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
}
