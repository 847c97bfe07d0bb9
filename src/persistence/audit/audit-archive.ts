import type { ManagementDatabase } from '../management-database.ts';
import { auditEntryTable } from './columns.ts';
import { type AuditHead, emptyHead } from './entry.ts';

const removedAtOnce = 5_000;

/** Where the trail begins: entries up to there may have been taken out. Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class AuditArchive {
  private readonly database: ManagementDatabase;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  /** The last entry that was taken out. */
  async end(): Promise<AuditHead> {
    return await this.database.use('read where the audit trail begins', async (dataSource) => {
      const [row]: readonly { readonly sequence: string; readonly hash: Buffer }[] = await dataSource.query(
        'SELECT sequence, hash FROM audit_archive ORDER BY sequence DESC LIMIT 1',
      );
      return row ? { sequence: BigInt(row.sequence), hash: row.hash } : emptyHead;
    });
  }

  /** The trail begins after `end` from now on. Rejects where that is no entry of it. */
  async moveTo({ sequence, hash }: AuditHead): Promise<void> {
    await this.database.use('note where the audit trail begins', (dataSource) =>
      dataSource.query('INSERT INTO audit_archive (sequence, hash) VALUES ($1, $2)', [
        String(sequence),
        hash,
      ]),
    );
  }

  /** Removes what is before the beginning; what was left by somebody who died at it as well. */
  async removeEntries(): Promise<void> {
    const { sequence: end } = await this.end();
    for (let isDone = end === 0n; !isDone;) isDone = (await this.removeSome(end)) < removedAtOnce;
  }

  private async removeSome(end: bigint): Promise<number> {
    return await this.database.use('remove archived entries of the audit trail', async (dataSource) => {
      const removed: readonly object[] = await dataSource.query(
        `WITH removed AS (DELETE FROM ${auditEntryTable} WHERE sequence IN (SELECT sequence FROM ${auditEntryTable}
          WHERE sequence <= $1 ORDER BY sequence LIMIT ${removedAtOnce}) RETURNING sequence)
        SELECT sequence FROM removed`,
        [String(end)],
      );
      return removed.length;
    });
  }
}
