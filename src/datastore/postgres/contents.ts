import { batchesOf } from '../contents.ts';
import type { ContentsSnapshot, Entry, PartitionContents, WriteOptions } from '../driver.ts';
import { isMissingTable } from './errors.ts';
import type { PostgresPartition } from './partition.ts';
import type { TenantDatabase } from './tenant-database.ts';

/** Names asked for at once, and how many octets of their values. */
const namesAtOnce = 1000;
const page = { count: namesAtOnce, bytes: 4 * 1024 * 1024 };
/** What is written by one statement. */
const statement = { count: 500, bytes: 1024 * 1024 };

/** As kine makes it when it starts (k3s-io/kine pkg/drivers/pgsql/pgsql.go); it then adds what indexes are missing. */
const createTable = `
  CREATE TABLE IF NOT EXISTS public.kine (
    id bigserial PRIMARY KEY, name text COLLATE "C", created integer, deleted integer,
    create_revision bigint, prev_revision bigint, lease integer, value bytea, old_value bytea
  )`;

/** Without it the last row of a name is searched for among all rows. */
const createIndex =
  'CREATE INDEX IF NOT EXISTS kine_list_query_index ON public.kine (name, id DESC, deleted)';

const currentRevision = 'SELECT coalesce(max(id), 0)::text AS revision FROM public.kine';

/**
 * Of each name the last row, unless it is a deletion. Lengths are known without reading the values, so that what is read at once can be
 * bounded.
 */
const listNames = `
  SELECT latest.id::text AS id, latest.name, octet_length(kine.value) AS bytes
  FROM (
    SELECT DISTINCT ON (name) id, name, deleted FROM public.kine WHERE name > $1 AND name < $2 ORDER BY name, id DESC
  ) AS latest JOIN public.kine USING (id)
  WHERE latest.deleted = 0 ORDER BY latest.name LIMIT ${namesAtOnce}`;

const readValues = 'SELECT name, lease, value FROM public.kine WHERE id = ANY($1::bigint[]) ORDER BY name';

/** A row like that of a client's own write: a creation, or a change that names the row before it. */
const putValues = `
  INSERT INTO public.kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
  SELECT wanted.name, (NOT coalesce(latest.deleted = 0, false))::int, 0,
    CASE WHEN latest.deleted = 0 THEN CASE WHEN latest.created = 1 THEN latest.id ELSE latest.create_revision END ELSE 0 END,
    coalesce(latest.id, 0), wanted.lease, wanted.value, latest.value
  FROM unnest($1::text[], $2::int[], $3::bytea[]) WITH ORDINALITY AS wanted (name, lease, value, position)
  LEFT JOIN LATERAL (
    SELECT id, created, deleted, create_revision, value FROM public.kine WHERE kine.name = wanted.name ORDER BY id DESC LIMIT 1
  ) AS latest ON true
  ORDER BY wanted.position`;

const deleteNames = `
  INSERT INTO public.kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value)
  SELECT latest.name, 0, 1, 0, latest.id, 0, ''::bytea, latest.value
  FROM unnest($1::text[]) AS unwanted (name)
  CROSS JOIN LATERAL (
    SELECT id, name, deleted, value FROM public.kine WHERE kine.name = unwanted.name ORDER BY id DESC LIMIT 1
  ) AS latest
  WHERE latest.deleted = 0`;

const anyRow = 'SELECT 1 FROM public.kine WHERE name >= $1 AND name < $2 LIMIT 1';

/** So many as one statement does within its time. */
const clearRows = `
  DELETE FROM public.kine WHERE id IN (SELECT id FROM public.kine WHERE name >= $1 AND name < $2 LIMIT 20000)`;

const advanceSequence = `
  SELECT setval('public.kine_id_seq', greatest($1::bigint, (SELECT last_value FROM public.kine_id_seq)), true)`;

interface Found {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
}

/** The table that kine keeps in a partition's database; one row a revision. */
export class PostgresContents implements PartitionContents {
  readonly #partition: PostgresPartition;
  readonly #connect: () => Promise<TenantDatabase>;

  /** `connect` finds the primary each time. */
  constructor(partition: PostgresPartition, connect: () => Promise<TenantDatabase>) {
    this.#partition = partition;
    this.#connect = connect;
  }

  async snapshot(): Promise<ContentsSnapshot> {
    await using resources = new AsyncDisposableStack();
    const database = resources.use(await this.#connect());
    await database.read('begin a snapshot', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const revision = await this.#revision(database);
    const held = resources.move();
    return {
      revision: revision ?? '0',
      pages: () => (revision === undefined ? nothing() : this.#pages(database)),
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    };
  }

  async put(entries: readonly Entry[], { fence }: WriteOptions = {}): Promise<void> {
    const { id, prefix } = this.#partition;
    await using database = await this.#openTable(fence);
    const sized = entries.map((entry) => ({ entry, bytes: entry.key.length + entry.value.length }));
    for (const batch of batchesOf(sized, statement)) {
      const values = [
        batch.map(({ entry }) => prefix + entry.key),
        batch.map(({ entry }) => entry.ttlSeconds ?? 0),
        batch.map(({ entry }) => entry.value),
      ];
      await database.write({ verb: 'put keys', subject: `of ${id}`, sql: putValues, values }, fence);
    }
  }

  async remove(keys: readonly string[], { fence }: WriteOptions = {}): Promise<void> {
    const { id, prefix } = this.#partition;
    await using database = await this.#openTable(fence);
    const names = keys.map((key) => prefix + key);
    const values = [names];
    await database.write({ verb: 'delete keys', subject: `of ${id}`, sql: deleteNames, values }, fence);
  }

  async clear({ fence }: WriteOptions = {}): Promise<void> {
    const { id, prefix, end } = this.#partition;
    await using database = await this.#openTable(fence);
    // Rows, not revisions: the sequence goes on, so that what is written next is above all that anyone has seen.
    const values = [prefix, end];
    for (;;) {
      const [left] = await database.read(`count keys of ${id}`, anyRow, values);
      if (!left) return;
      await database.write({ verb: 'clear', subject: id, sql: clearRows, values }, fence);
    }
  }

  async advance(revision: string, { fence }: WriteOptions = {}): Promise<void> {
    await using database = await this.#openTable(fence);
    const values = [revision];
    await database.write(
      { verb: 'advance revision', subject: `to ${revision}`, sql: advanceSequence, values },
      fence,
    );
  }

  async #openTable(fence: WriteOptions['fence']): Promise<TenantDatabase> {
    await using resources = new AsyncDisposableStack();
    const database = resources.use(await this.#connect());
    const subject = `of ${this.#partition.id}`;
    if ((await this.#revision(database)) === undefined) {
      // One transaction: who finds the table does not look for the index.
      await database.write({ verb: 'create table', subject, sql: `${createTable}; ${createIndex}` }, fence);
    }
    resources.move();
    return database;
  }

  /** Undefined when kine has never been there. */
  async #revision(database: TenantDatabase): Promise<string | undefined> {
    try {
      const [row] = await database.read<{ readonly revision: string }>('read revision', currentRevision);
      return row?.revision ?? '0';
    } catch (error: unknown) {
      if (isMissingTable(error)) return undefined;
      throw error;
    }
  }

  async *#pages(database: TenantDatabase): AsyncGenerator<readonly Entry[]> {
    const { id, prefix, end } = this.#partition;
    for (let after = prefix; ;) {
      const names = await database.read<Found>(`list keys of ${id}`, listNames, [after, end]);
      for (const batch of batchesOf(names, page)) yield await this.#read(database, batch);
      const last = names.at(-1);
      if (!last || names.length < namesAtOnce) return;
      after = last.name;
    }
  }

  async #read(database: TenantDatabase, found: readonly Found[]): Promise<readonly Entry[]> {
    const { id, prefix } = this.#partition;
    const rows = await database.read<{
      readonly name: string;
      readonly lease: number | null;
      readonly value: Buffer;
    }>(`read keys of ${id}`, readValues, [found.map((row) => row.id)]);
    return rows.map(({ name, lease, value }) => ({
      key: name.slice(prefix.length),
      value,
      ...(lease && { ttlSeconds: lease }),
    }));
  }
}

async function* nothing(): AsyncGenerator<readonly Entry[]> {}
