import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock, systemRandom } from '../../src/engine/clock.ts';
import { type Log, silentLog } from '../../src/engine/log.ts';
import type { DatabaseAddress } from '../../src/persistence/connection.ts';
import {
  type DatabaseSurroundings,
  type ManagementDatabase,
  openManagementDatabase,
} from '../../src/persistence/management-database.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface DatabaseServer extends AsyncDisposable {
  readonly postgres: PostgresServer;
  /** Of a database of its own, empty. */
  createDatabase(): Promise<DatabaseAddress>;
}

/** A real Postgres for management databases, one a test file; each test that wants one for itself makes a database. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await startPostgres());
  const { path: directory } = started.use(await createTemporaryDirectory('management-database'));
  const write = async (name: string, text: string) => {
    const file = path.join(directory, name);
    await writeFile(file, text, { mode: 0o600 });
    return file;
  };
  const files = {
    caFile: await write('ca.crt', postgres.ca.certificate),
    certificateFile: await write('tls.crt', postgres.root.certificate),
    keyFile: await write('tls.key', postgres.root.privateKey),
  };
  const moved = started.move();
  return {
    postgres,
    async createDatabase() {
      const name = `marina_${randomUUID().replaceAll('-', '')}`;
      const client = await postgres.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return { url: `postgres://postgres@${postgres.endpoints[0]}/${name}`, ...files };
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

/** As a Marina process opens it; whoever asked closes it. */
export async function openDatabase(
  address: DatabaseAddress,
  log: Log = silentLog,
  more: Pick<DatabaseSurroundings, 'onRefusal'> = {},
): Promise<ManagementDatabase & AsyncDisposable> {
  const surroundings = { clock: systemClock, random: systemRandom, log, ...more };
  const database = await openManagementDatabase(address, surroundings);
  return Object.assign(database, { [Symbol.asyncDispose]: () => database.close() });
}

/** On a server of its own, which ends with it. */
export async function startManagementDatabase(): Promise<ManagementDatabase & AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await startDatabaseServer());
  const database = started.use(await openDatabase(await server.createDatabase()));
  const moved = started.move();
  return Object.assign(database, { [Symbol.asyncDispose]: () => moved.disposeAsync() });
}
