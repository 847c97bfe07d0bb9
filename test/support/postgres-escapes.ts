import pg from 'pg';

/** What a tenant tries, and how Postgres says that it may not. */
export interface Attempt {
  readonly sql: string;
  /** SQLSTATE; default 42501, insufficient privilege. */
  readonly refusedBy?: string;
}

type Attempts = Readonly<Record<string, Attempt | string>>;

/** All that a role could do to the server beside using its own tables. `id` is its own name. */
export function administration(id: string): Attempts {
  const self = pg.escapeIdentifier(id);
  return {
    'become a superuser': `ALTER ROLE ${self} SUPERUSER`,
    'make databases': `ALTER ROLE ${self} CREATEDB`,
    'make roles': `ALTER ROLE ${self} CREATEROLE`,
    replicate: `ALTER ROLE ${self} REPLICATION`,
    'pass row security': `ALTER ROLE ${self} BYPASSRLS`,
    'take more connections': `ALTER ROLE ${self} CONNECTION LIMIT -1`,
    'set the role': 'SET ROLE postgres',
    'set the session': 'SET SESSION AUTHORIZATION postgres',
    'join the readers': `GRANT pg_read_all_data TO ${self}`,
    'join those who run programs': `GRANT pg_execute_server_program TO ${self}`,
    'add a role': 'CREATE ROLE intruder',
    'add a database': 'CREATE DATABASE intruder',
    'drop the own database': `DROP DATABASE ${self}`,
    'rename the own database': `ALTER DATABASE ${self} RENAME TO intruder`,
    'open the own database': `ALTER DATABASE ${self} CONNECTION LIMIT 1000`,
    'add a schema': 'CREATE SCHEMA intruder',
    'add a temporary table': 'CREATE TEMPORARY TABLE intruder (x int)',
    'add a language': 'CREATE TRUSTED LANGUAGE intruder HANDLER plpgsql_call_handler',
    'write a function in SQL': "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    'write a definer’s function':
      "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN 1; END'",
    'write a function in C': "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system'",
    'write an internal function': "CREATE FUNCTION f(cstring) RETURNS int LANGUAGE internal AS 'int4in'",
    'run a block': "DO 'BEGIN END'",
    'load a library': "LOAD 'dblink'",
    'run a program (COPY FROM)': "COPY kine (name) FROM PROGRAM 'id'",
    'run a program (COPY TO)': "COPY (SELECT 1) TO PROGRAM 'cat'",
    'read a file (COPY)': "COPY kine (name) FROM '/etc/passwd'",
    'write a file (COPY)': "COPY (SELECT 1) TO '/dev/null'",
    'read a file': "SELECT pg_read_file('/etc/passwd')",
    'read a file as octets': "SELECT pg_read_binary_file('PG_VERSION')",
    'list a directory': "SELECT pg_ls_dir('.')",
    'look at a file': "SELECT pg_stat_file('PG_VERSION')",
    'list the log': 'SELECT pg_ls_logdir()',
    'import a file as a large object': "SELECT lo_import('/etc/passwd')",
    'export a large object to a file': "SELECT lo_export(1, '/dev/null')",
    'add dblink': 'CREATE EXTENSION dblink',
    'add postgres_fdw': 'CREATE EXTENSION postgres_fdw',
    'add file_fdw': 'CREATE EXTENSION file_fdw',
    'add an extension that is trusted': 'CREATE EXTENSION citext',
    'add a foreign data wrapper': 'CREATE FOREIGN DATA WRAPPER intruder',
    'add an event trigger':
      'CREATE EVENT TRIGGER t ON ddl_command_start EXECUTE FUNCTION pg_catalog.version()',
    publish: 'CREATE PUBLICATION intruder',
    subscribe: "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p WITH (connect = false)",
    'add a tablespace': "CREATE TABLESPACE intruder LOCATION 'intruder'",
    'change the server’s settings': "ALTER SYSTEM SET log_statement = 'all'",
    'change what is logged': "SET log_statement = 'none'",
    'load a library into the own sessions': "SET session_preload_libraries = 'dblink'",
    'read hashes of passwords': 'SELECT * FROM pg_authid',
    'read hashes of passwords (pg_shadow)': 'SELECT * FROM pg_shadow',
    'read all large objects': 'SELECT * FROM pg_largeobject',
    'read samples of others’ values': 'SELECT * FROM pg_statistic',
    'read credentials of subscriptions': 'SELECT subconninfo FROM pg_subscription',
    'read credentials of user mappings': 'SELECT * FROM pg_user_mapping',
    'read pg_hba.conf': 'SELECT * FROM pg_hba_file_rules',
    'read postgresql.conf': 'SELECT * FROM pg_file_settings',
    'write the catalog': `UPDATE pg_database SET datacl = NULL`,
    'write pg_authid': `UPDATE pg_authid SET rolsuper = true`,
    'lock the catalog': 'SELECT 1; LOCK TABLE pg_database IN ACCESS EXCLUSIVE MODE',
    'lock rows of the catalog': 'SELECT * FROM pg_database FOR UPDATE',
    'read the configuration again': 'SELECT pg_reload_conf()',
    'rotate the log': 'SELECT pg_rotate_logfile()',
    'switch the WAL': 'SELECT pg_switch_wal()',
    'start a backup': "SELECT pg_backup_start('intruder', true)",
    'keep WAL for ever': "SELECT pg_create_physical_replication_slot('intruder')",
    'decode WAL': "SELECT pg_create_logical_replication_slot('intruder', 'pgoutput')",
    promote: 'SELECT pg_promote()',
    'reset statistics': 'SELECT pg_stat_reset()',
    'see sizes of the administrative database': "SELECT pg_database_size('postgres')",
    checkpoint: 'CHECKPOINT',
    ...moreAdministration(self),
  };
}

function moreAdministration(self: string): Attempts {
  return {
    'list the WAL': 'SELECT pg_ls_waldir()',
    'list temporary files': 'SELECT pg_ls_tmpdir()',
    'name the log': 'SELECT pg_current_logfile()',
    'mark a point in the WAL': "SELECT pg_create_restore_point('intruder')",
    'log running transactions': 'SELECT pg_log_standby_snapshot()',
    'reset statistics of all': "SELECT pg_stat_reset_shared('bgwriter')",
    'add an origin of replication': "SELECT pg_replication_origin_create('intruder')",
    'read shared memory': 'SELECT * FROM pg_shmem_allocations',
    'copy hashes of passwords': 'COPY pg_authid TO STDOUT',
    'read hashes of passwords as XML': "SELECT query_to_xml('SELECT * FROM pg_authid', true, false, '')",
    'set the role by a function': "SELECT set_config('role', 'postgres', false)",
    'set the session by a function': "SELECT set_config('session_authorization', 'postgres', false)",
    'signal sessions': `GRANT pg_signal_backend TO ${self}`,
    'watch all sessions': `GRANT pg_monitor TO ${self}`,
    'write all tables': `GRANT pg_write_all_data TO ${self}`,
    'become one of Postgres’ own': 'SET ROLE pg_monitor',
    'shut oneself out': `ALTER ROLE ${self} NOLOGIN`,
    'drop oneself': `DROP ROLE ${self}`,
    'outlive the password': `ALTER ROLE ${self} VALID UNTIL 'infinity'`,
    'change settings of all': "ALTER ROLE ALL SET work_mem = '1MB'",
    'change settings of the own database': `ALTER DATABASE ${self} SET work_mem = '1MB'`,
    'comment on the own database': `COMMENT ON DATABASE ${self} IS 'x'`,
    'open tables of the future': 'ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO PUBLIC',
    'add a table to the information schema': 'CREATE TABLE information_schema.intruder (x int)',
    'write a table for all databases': 'CREATE TABLE intruder (x int) TABLESPACE pg_global',
    'rename the schema': 'ALTER SCHEMA public RENAME TO intruder',
    'drop the schema': 'DROP SCHEMA public',
    'index the catalog again': 'REINDEX TABLE pg_database',
    'drop a language': 'DROP EXTENSION plpgsql',
    'add a way to store tables': 'CREATE ACCESS METHOD m TYPE TABLE HANDLER heap_tableam_handler',
    'add a conversion of the server’s types': 'CREATE CAST (int AS text) WITH INOUT',
    'skip triggers': 'SET session_replication_role = replica',
    'go unseen': 'SET track_activities = off',
    'read broken pages': 'SET zero_damaged_pages = on',
    'look for libraries elsewhere': "SET dynamic_library_path = '/tmp'",
  };
}

/** What would tell about a neighbour or harm it. `pid` is of a session that it has. */
export function trespasses(id: string, other: string, pid: number): Attempts {
  const [self, neighbour] = [pg.escapeIdentifier(id), pg.escapeIdentifier(other)];
  return {
    [`become ${other}`]: `SET ROLE ${neighbour}`,
    [`be ${other} from now on`]: `SET SESSION AUTHORIZATION ${neighbour}`,
    [`join ${other}`]: `GRANT ${neighbour} TO ${self}`,
    [`let ${other} join`]: `GRANT ${self} TO ${neighbour}`,
    [`shut ${other} out`]: `ALTER ROLE ${neighbour} NOLOGIN`,
    [`give ${other} a password`]: `ALTER ROLE ${neighbour} PASSWORD 'x'`,
    [`drop the role ${other}`]: `DROP ROLE ${neighbour}`,
    [`drop the database ${other}`]: `DROP DATABASE ${neighbour}`,
    [`drop the database ${other} by force`]: `DROP DATABASE ${neighbour} WITH (FORCE)`,
    [`take the database ${other}`]: `ALTER DATABASE ${neighbour} OWNER TO ${self}`,
    [`change settings of ${other}`]: `ALTER DATABASE ${neighbour} SET default_transaction_read_only = on`,
    [`change settings of ${other} in the own database`]: `ALTER ROLE ${neighbour} IN DATABASE ${self} SET work_mem = '1MB'`,
    [`comment on ${other}`]: `COMMENT ON DATABASE ${neighbour} IS 'x'`,
    [`change settings of the role ${other}`]: `ALTER ROLE ${neighbour} SET default_transaction_read_only = on`,
    [`get into ${other}`]: `GRANT CONNECT ON DATABASE ${neighbour} TO ${self}`,
    [`copy the database ${other}`]: `CREATE DATABASE intruder TEMPLATE ${neighbour}`,
    [`give tables to ${other}`]: `REASSIGN OWNED BY ${self} TO ${neighbour}`,
    [`take tables of ${other}`]: `REASSIGN OWNED BY ${neighbour} TO ${self}`,
    [`end sessions of ${other}`]: `SELECT pg_terminate_backend(${pid})`,
    [`cancel statements of ${other}`]: `SELECT pg_cancel_backend(${pid})`,
    [`have memory of ${other} logged`]: `SELECT pg_log_backend_memory_contexts(${pid})`,
    [`measure ${other}`]: `SELECT pg_database_size(${pg.escapeLiteral(other)})`,
    [`read ${other} by its full name`]: { sql: `SELECT * FROM ${neighbour}.public.kine`, refusedBy: '0A000' },
  };
}

/** Allowed, and without effect: who sees what comes of it compares the store before and after. */
export function vainAttempts(id: string, others: readonly string[]): readonly string[] {
  const self = pg.escapeIdentifier(id);
  return others.flatMap((other) => [
    `GRANT CONNECT ON DATABASE ${self} TO ${pg.escapeIdentifier(other)}`,
    `GRANT ALL ON SCHEMA public TO ${pg.escapeIdentifier(other)}`,
  ]);
}

/** Each row that one of these has is something that a tenant should not know. */
const leaks: Readonly<Record<string, string>> = {
  'what others are doing': `
    SELECT query FROM pg_stat_activity
    WHERE usename <> current_user AND (query <> '<insufficient privilege>' OR client_addr IS NOT NULL)`,
  'hashes of passwords': "SELECT rolname FROM pg_roles WHERE rolpassword <> '********'",
  'passwords of pg_user': "SELECT usename FROM pg_user WHERE passwd <> '********'",
  'others’ certificates': `
    SELECT client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
    WHERE usename <> current_user AND client_dn IS NOT NULL`,
  'settings that are for superusers':
    "SELECT name FROM pg_settings WHERE name IN ('hba_file', 'data_directory', 'config_file', 'primary_conninfo') AND setting <> ''",
  'addresses of servers that follow':
    'SELECT client_addr FROM pg_stat_replication WHERE client_addr IS NOT NULL',
  'transactions of others': 'SELECT gid FROM pg_prepared_xacts',
  'tables outside the own database':
    'SELECT table_name FROM information_schema.tables WHERE table_catalog <> current_database()',
};

/** Runs all of them; names those that Postgres did anything else to than refuse, with what it said, and what leaked. */
export async function notRefused(client: pg.Client, attempts: Attempts): Promise<readonly string[]> {
  const escapes: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    const { sql, refusedBy = '42501' } = typeof attempt === 'string' ? { sql: attempt } : attempt;
    const outcome = await outcomeOf(client.query(sql));
    if (outcome.state !== refusedBy) escapes.push(`${name}: ${outcome.text}`);
  }
  return escapes;
}

export async function findLeaks(client: pg.Client): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [name, sql] of Object.entries(leaks)) {
    const { rows } = await client.query(sql);
    if (rows.length > 0) found.push(`${name}: ${JSON.stringify(rows[0])}`);
  }
  return found;
}

/** SQLSTATE and message of a refusal. */
export async function outcomeOf(
  attempt: Promise<unknown>,
): Promise<{ readonly state?: string | undefined; readonly text: string }> {
  try {
    await attempt;
    return { text: 'allowed' };
  } catch (error) {
    if (error instanceof pg.DatabaseError)
      return { state: error.code, text: `${error.code} ${error.message}` };
    return { text: String(error) };
  }
}
