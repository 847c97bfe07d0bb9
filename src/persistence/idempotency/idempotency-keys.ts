import type { ManagementDatabase } from '../management-database.ts';

/** What was answered, to be answered again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null for an answer without a body. */
  readonly body: string | null;
  /** It had a credential and is not kept: there is no body. */
  readonly isSecret: boolean;
  /** It was longer than is kept: there is no body. */
  readonly isTooLong?: boolean;
}

/** SHA-256 each. */
export interface KeyedRequest {
  /** Who asks. */
  readonly owner: Buffer;
  /** Whose key it is, and for what. */
  readonly scope: Buffer;
  /** What was asked. */
  readonly fingerprint: Buffer;
}

/**
 * `Claimed`: it is this holder's to do. `Running`: another is at it. `Reused`: it was something else that was asked with this key. `TooMany`: the owner has as
 * many keys as one may have.
 */
export type Claim =
  | { readonly kind: 'Claimed' | 'Running' | 'Reused' | 'TooMany' }
  | { readonly kind: 'Answered'; readonly answer: KeptAnswer };

/** How long somebody who does a request is believed to be alive without saying so. */
export const leaseSeconds = 60;
const keptHours = 24;
const removedAtOnce = 1_000;
/** Of one owner, at a time. */
export const mostKeys = 10_000;

const ownsTooMany = `(SELECT count(*) FROM (SELECT FROM idempotency_key
  WHERE owner = $1 AND expires_at >= now() LIMIT ${mostKeys}) AS living) >= ${mostKeys}`;

interface Row {
  readonly fingerprint: Buffer;
  readonly answer: KeptAnswer | null;
}

/** Idempotency keys of all replicas. Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class IdempotencyKeys {
  private readonly database: ManagementDatabase;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  /** `holder`: a UUID of this attempt alone. */
  async claim({ owner, scope, fingerprint }: KeyedRequest, holder: string): Promise<Claim> {
    return await this.database.use('claim an idempotency key', async (dataSource) => {
      for (;;) {
        const claimed: readonly object[] = await dataSource.query(
          `INSERT INTO idempotency_key AS kept (owner, scope, fingerprint, holder, leased_until, expires_at)
          SELECT $1, $2, $3, $4, now() + interval '${leaseSeconds} seconds', now() + interval '${keptHours} hours'
          WHERE EXISTS (SELECT FROM idempotency_key WHERE scope = $2) OR NOT ${ownsTooMany}
          ON CONFLICT (scope) DO UPDATE SET fingerprint = excluded.fingerprint, holder = excluded.holder,
            leased_until = excluded.leased_until, expires_at = excluded.expires_at, answer = NULL
          WHERE kept.expires_at < now()
            OR (kept.answer IS NULL AND kept.leased_until < now() AND kept.fingerprint = excluded.fingerprint)
          RETURNING holder`,
          [owner, scope, fingerprint, holder],
        );
        if (claimed.length > 0) return { kind: 'Claimed' };
        const [row]: readonly Row[] = await dataSource.query(
          'SELECT fingerprint, answer FROM idempotency_key WHERE scope = $1',
          [scope],
        );
        if (!row) {
          const [full]: readonly object[] = await dataSource.query(`SELECT WHERE ${ownsTooMany}`, [owner]);
          if (full) return { kind: 'TooMany' };
          // Given up between the two statements: it is free.
          continue;
        }
        if (!row.fingerprint.equals(fingerprint)) return { kind: 'Reused' };
        return row.answer ? { kind: 'Answered', answer: row.answer } : { kind: 'Running' };
      }
    });
  }

  /** It is still being done. */
  async renew(scope: Buffer, holder: string): Promise<void> {
    await this.change(
      `UPDATE idempotency_key SET leased_until = now() + interval '${leaseSeconds} seconds'
      WHERE scope = $1 AND holder = $2 AND answer IS NULL`,
      [scope, holder],
    );
  }

  async keep(scope: Buffer, holder: string, answer: KeptAnswer): Promise<void> {
    const statement = 'UPDATE idempotency_key SET answer = $3 WHERE scope = $1 AND holder = $2';
    await this.change(statement, [scope, holder, JSON.stringify(answer)]);
  }

  /** Whoever comes next with this key does it. */
  async giveUp(scope: Buffer, holder: string): Promise<void> {
    const statement = 'DELETE FROM idempotency_key WHERE scope = $1 AND holder = $2 AND answer IS NULL';
    await this.change(statement, [scope, holder]);
  }

  /** Removes some of those whose time is over; resolves to whether there may be more. */
  async removeExpired(): Promise<boolean> {
    return await this.database.use('remove idempotency keys', async (dataSource) => {
      const removed: readonly object[] = await dataSource.query(
        `WITH removed AS (DELETE FROM idempotency_key WHERE scope IN (
          SELECT scope FROM idempotency_key WHERE expires_at < now() LIMIT ${removedAtOnce} FOR UPDATE SKIP LOCKED) RETURNING scope)
        SELECT scope FROM removed`,
      );
      return removed.length === removedAtOnce;
    });
  }

  private async change(statement: string, parameters: readonly unknown[]): Promise<void> {
    await this.database.use('keep an idempotency key', (dataSource) =>
      dataSource.query(statement, [...parameters]),
    );
  }
}
