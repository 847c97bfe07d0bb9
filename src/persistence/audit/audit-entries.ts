import type { DataSource, EntityManager } from 'typeorm';
import type { ManagementDatabase } from '../management-database.ts';
import { type AuditEntryRow, auditEntryTable, toAuditEntry, toJsonRow } from './columns.ts';
import { type AuditEntry, type AuditFacts, type AuditHead, chain, emptyHead } from './entry.ts';

export interface AuditFilter {
  readonly username?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** Inclusive. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
}

export interface AuditPage extends AuditFilter {
  /** Only entries before this one. */
  readonly before?: bigint | undefined;
  readonly limit: number;
}

export interface AuditRange {
  /** Exclusive; default: from the first. */
  readonly after?: bigint;
  /** Inclusive; default: to the last. */
  readonly to?: bigint;
  readonly signal?: AbortSignal;
}

/** Whoever holds it appends; the number is chance. */
const appendLock = 7_303_018_443;
const verifiedAtOnce = 1_000;

/** Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class AuditEntries {
  private readonly database: ManagementDatabase;
  /** The last entry, as far as this process knows; that there is one entry of each sequence keeps the chain in one piece when it is wrong. */
  private head: AuditHead | undefined;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  /**
   * Appends all of them in one transaction, or none. `isRepeated`: some of them may be there already, from an attempt whose end is not known; those are left
   * as they are.
   */
  async append(
    facts: readonly AuditFacts[],
    { isRepeated = false }: { readonly isRepeated?: boolean } = {},
  ): Promise<void> {
    await this.database.use('append to the audit trail', async (dataSource) => {
      const { head } = this;
      const isDone = head && !isRepeated && (await this.appendAfter(head, facts, dataSource.manager));
      if (!isDone) await this.appendLocked(dataSource, facts, isRepeated);
    });
  }

  /** One statement, for the case that nobody else has appended since; false: somebody has. */
  private async appendAfter(
    head: AuditHead,
    facts: readonly AuditFacts[],
    manager: EntityManager,
  ): Promise<boolean> {
    const entries = chain(head, facts);
    try {
      await insert(manager, entries);
    } catch (error: unknown) {
      if (!isTaken(error)) throw error;
      this.head = undefined;
      return false;
    }
    this.head = entries.at(-1);
    return true;
  }

  private async appendLocked(
    dataSource: DataSource,
    facts: readonly AuditFacts[],
    isRepeated: boolean,
  ): Promise<void> {
    this.head = await dataSource.transaction('READ COMMITTED', async (manager) => {
      // A statement of its own: what the next one reads is then what the holder before has committed.
      await manager.query('SELECT pg_advisory_xact_lock($1)', [appendLock]);
      const head = await headOf(manager);
      const entries = chain(head, isRepeated ? await withoutExisting(manager, facts) : facts);
      await insert(manager, entries);
      return entries.at(-1) ?? head;
    });
  }

  /** The newest first. */
  async list({
    username,
    namespace,
    name,
    from,
    to,
    before,
    limit,
  }: AuditPage): Promise<readonly AuditEntry[]> {
    return await this.database.use('list the audit trail', async (dataSource) => {
      const query = selection(dataSource).orderBy('entry.sequence', 'DESC').limit(limit);
      if (username !== undefined) query.andWhere('entry.username = :username', { username });
      if (namespace !== undefined) query.andWhere('entry.namespace = :namespace', { namespace });
      if (name !== undefined) query.andWhere('entry.name = :name', { name });
      if (from !== undefined) query.andWhere('entry.time >= :from', { from });
      if (to !== undefined) query.andWhere('entry.time < :to', { to });
      if (before !== undefined) query.andWhere('entry.sequence < :before', { before: String(before) });
      return (await query.getMany()).map(toAuditEntry);
    });
  }

  /** Those of a range, in order; with an open end those that are appended meanwhile may come as well. */
  async *pages({ after = 0n, to, signal }: AuditRange = {}): AsyncGenerator<readonly AuditEntry[]> {
    for (let last = after; ;) {
      if (signal?.aborted) return;
      const page = await this.after(last, to);
      const end = page.at(-1);
      if (!end) return;
      yield page;
      if (page.length < verifiedAtOnce) return;
      last = end.sequence;
    }
  }

  private async after(sequence: bigint, to: bigint | undefined): Promise<readonly AuditEntry[]> {
    return await this.database.use('read the audit trail', async (dataSource) => {
      const query = selection(dataSource)
        .where('entry.sequence > :sequence', { sequence: String(sequence) })
        .orderBy('entry.sequence', 'ASC')
        .limit(verifiedAtOnce);
      if (to !== undefined) query.andWhere('entry.sequence <= :to', { to: String(to) });
      return (await query.getMany()).map(toAuditEntry);
    });
  }
}

function selection(dataSource: DataSource) {
  return dataSource.getRepository<AuditEntryRow>(auditEntryTable).createQueryBuilder('entry');
}

async function insert(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await manager.query(
    `INSERT INTO ${auditEntryTable} SELECT entry.* FROM (SELECT pg_advisory_xact_lock($2) OFFSET 0) AS lock,
      jsonb_populate_recordset(null::${auditEntryTable}, $1) AS entry`,
    [JSON.stringify(entries.map(toJsonRow)), appendLock],
  );
}

/** There is one of this sequence (unique_violation). */
function isTaken(error: unknown): boolean {
  const { driverError } = error as { readonly driverError?: { readonly code?: string } };
  return driverError?.code === '23505';
}

async function headOf(manager: EntityManager): Promise<AuditHead> {
  const rows: readonly { readonly sequence: string; readonly hash: Buffer }[] = await manager.query(
    `(SELECT sequence, hash FROM ${auditEntryTable} ORDER BY sequence DESC LIMIT 1)
    UNION ALL (SELECT sequence, hash FROM audit_archive ORDER BY sequence DESC LIMIT 1)
    ORDER BY sequence DESC LIMIT 1`,
  );
  const [row] = rows;
  return row ? { sequence: BigInt(row.sequence), hash: row.hash } : emptyHead;
}

async function withoutExisting(
  manager: EntityManager,
  facts: readonly AuditFacts[],
): Promise<readonly AuditFacts[]> {
  const rows: readonly { readonly exchange: string; readonly stage: string }[] = await manager.query(
    `SELECT exchange, stage FROM ${auditEntryTable} WHERE exchange = ANY($1)`,
    [facts.map(({ exchange }) => exchange)],
  );
  const existing = new Set(rows.map(({ exchange, stage }) => `${exchange} ${stage}`));
  return facts.filter(({ exchange, stage }) => !existing.has(`${exchange} ${stage}`));
}
