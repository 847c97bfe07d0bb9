import type { DataSource, EntityManager } from 'typeorm';
import type { ManagementDatabase } from '../../persistence/management-database.ts';
import type { Changes, Known, Move, Subject, UsageStore } from '../changes.ts';
import type { Cursors } from '../cursor.ts';
import type { Sample, Source } from '../sample.ts';

/** Rows of one statement. */
const atOnce = 5_000;

class Overtaken extends Error {}

interface SubjectRow {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** When something was first made for it. */
  readonly accepted_at: Date;
  readonly deleted_at: Date | null;
  readonly cursors: Readonly<Record<string, { readonly until: string; readonly state: object }>> | null;
}

/** Samples and cursors in the management database. Rejects with a `DatabaseError` `Unavailable` while there is none. */
export class UsageRecords implements UsageStore {
  private readonly database: ManagementDatabase;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  async load(uids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    const rows = await this.database.use('read usage cursors', (dataSource) =>
      readSubjects(dataSource, uids),
    );
    return new Map(rows.map((row) => [row.uid, toKnown(row)]));
  }

  /**
   * In one transaction: a cursor moves only from where it was read, so of two who count the same interval one fails as a whole, and after a crash
   * the next one begins where the last committed sample ends.
   */
  async commit({ subjects, moves, samples }: Changes): Promise<'Committed' | 'Overtaken'> {
    return await this.database.use('write usage', async (dataSource) => {
      try {
        await dataSource.transaction('READ COMMITTED', async (manager) => {
          await inParts(subjects, (part) => writeSubjects(manager, part));
          // In one order for everybody: two who count must not wait for each other.
          const ordered = moves.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
          await inParts(ordered, (part) => moveCursors(manager, part));
          await inParts(samples, (part) => writeSamples(manager, part));
        });
        return 'Committed';
      } catch (error: unknown) {
        if (error instanceof Overtaken) return 'Overtaken';
        throw error;
      }
    });
  }
}

async function readSubjects(dataSource: DataSource, uids: readonly string[]): Promise<readonly SubjectRow[]> {
  return await dataSource.query(
    `SELECT subject.*, (
        SELECT jsonb_object_agg(source, jsonb_build_object('until', until, 'state', state))
        FROM usage_cursor WHERE usage_cursor.uid = subject.uid
      ) AS cursors
    FROM usage_subject subject
    WHERE deleted_at IS NULL OR uid = ANY ($1::uuid[])`,
    [uids],
  );
}

function toKnown({ uid, namespace, name, accepted_at, deleted_at, cursors }: SubjectRow): Known {
  const entries = Object.entries(cursors ?? {}).map(([source, { until, state }]) => [
    source,
    { ...state, untilMs: Date.parse(until) },
  ]);
  return {
    subject: {
      uid,
      namespace,
      name,
      bornMs: accepted_at.getTime(),
      ...(deleted_at && { deletedMs: deleted_at.getTime() }),
    },
    cursors: Object.fromEntries(entries) as Cursors,
  };
}

async function writeSubjects(manager: EntityManager, subjects: readonly Subject[]): Promise<void> {
  const rows = subjects
    .toSorted((a, b) => (a.uid < b.uid ? -1 : 1))
    .map(({ uid, namespace, name, bornMs, deletedMs }) => ({
      uid,
      namespace,
      name,
      accepted_at: toTimestamp(bornMs),
      deleted_at: deletedMs === undefined ? null : toTimestamp(deletedMs),
    }));
  // A deletion is for good, whoever wrote it.
  await manager.query(
    `INSERT INTO usage_subject SELECT * FROM jsonb_populate_recordset(null::usage_subject, $1)
    ON CONFLICT (uid) DO UPDATE SET deleted_at = coalesce(usage_subject.deleted_at, excluded.deleted_at)`,
    [JSON.stringify(rows)],
  );
}

/** @throws Overtaken where one of them is no longer where it was read */
async function moveCursors(manager: EntityManager, moves: readonly Move[]): Promise<void> {
  const rows = moves.map(({ uid, source, fromMs, cursor: { untilMs, ...state } }) => ({
    uid,
    source,
    from: fromMs === undefined ? null : toTimestamp(fromMs),
    until: toTimestamp(untilMs),
    state,
  }));
  const [{ moved } = { moved: 0 }]: readonly { readonly moved: number }[] = await manager.query(
    `WITH wanted AS (
      SELECT * FROM jsonb_to_recordset($1)
        AS wanted(uid uuid, source text, "from" timestamptz, until timestamptz, state jsonb)
    ), held AS (
      SELECT cursor.uid, cursor.source FROM usage_cursor cursor JOIN wanted USING (uid, source)
      WHERE cursor.until = wanted."from" ORDER BY cursor.uid, cursor.source FOR UPDATE OF cursor
    ), gone_on AS (
      UPDATE usage_cursor SET until = wanted.until, state = wanted.state
      FROM wanted JOIN held USING (uid, source)
      WHERE usage_cursor.uid = wanted.uid AND usage_cursor.source = wanted.source
        AND usage_cursor.until = wanted."from"
      RETURNING 1
    ), begun AS (
      INSERT INTO usage_cursor SELECT uid, source, until, state FROM wanted WHERE "from" IS NULL
      ON CONFLICT DO NOTHING RETURNING 1
    )
    SELECT ((SELECT count(*) FROM gone_on) + (SELECT count(*) FROM begun))::int AS moved`,
    [JSON.stringify(rows)],
  );
  if (moved !== moves.length) throw new Overtaken();
}

async function writeSamples(manager: EntityManager, samples: readonly Sample[]): Promise<void> {
  const rows = samples.map(({ uid, source, startMs, endMs, className, size, amounts }) => ({
    uid,
    source,
    started_at: toTimestamp(startMs),
    ended_at: toTimestamp(endMs),
    class: className,
    size,
    running_ms: amounts.runningMs,
    stopped_ms: amounts.stoppedMs,
    cpu_seconds: amounts.cpuSeconds,
    memory_byte_seconds: amounts.memoryByteSeconds,
    storage_byte_seconds: amounts.storageByteSeconds,
    storage_bytes: amounts.storageBytes,
    requests: amounts.requests,
  }));
  await manager.query(
    'INSERT INTO usage_sample SELECT * FROM jsonb_populate_recordset(null::usage_sample, $1)',
    [JSON.stringify(rows)],
  );
}

async function inParts<T>(items: readonly T[], write: (part: readonly T[]) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += atOnce) await write(items.slice(start, start + atOnce));
}

function keyOf({ uid, source }: { readonly uid: string; readonly source: Source }): string {
  return `${uid} ${source}`;
}

function toTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}
