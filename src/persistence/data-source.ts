import { DataSource } from 'typeorm';
import type { Endpoint } from './connection.ts';
import { tables } from './tables.ts';

/** Connections of one process; what waits for one waits `connectTimeoutMs` at most. */
const poolSize = 10;
const connectTimeoutMs = 5_000;
/** Milliseconds after which a statement has failed: by the server's clock, and by ours where the server is silent. */
const statementTimeoutMs = 10_000;
const queryTimeoutMs = 12_000;
const idleTransactionTimeoutMs = 30_000;

/** Connected when it resolves; whoever asked destroys it. */
export async function connectDataSource({ user, ssl, ...endpoint }: Endpoint): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    ...endpoint,
    ...(user !== undefined && { username: user }),
    // pg hides the key in the object that it is given.
    ssl: ssl && { ...ssl },
    entities: [...tables],
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    applicationName: 'marina',
    connectTimeoutMS: connectTimeoutMs,
    poolSize,
    // The loss of an idle connection is noticed by whoever wants the next one.
    poolErrorHandler: () => undefined,
    extra: {
      statement_timeout: statementTimeoutMs,
      query_timeout: queryTimeoutMs,
      lock_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      allowExitOnIdle: true,
    },
  });
  return await dataSource.initialize();
}
