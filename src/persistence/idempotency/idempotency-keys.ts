import type { ManagementDatabase } from '../management-database.ts';

/** What was answered, to be answered again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; null for an answer without a body. */
  readonly body: string | null;
  /** It had a credential and is not kept: there is no body. */
  readonly isSecret: boolean;
}

/** SHA-256 each. */
export interface KeyedRequest {
  /** Whose key it is, and for what. */
  readonly scope: Buffer;
  /** What was asked. */
  readonly fingerprint: Buffer;
}

/** `Claimed`: it is this holder's to do. `Running`: another is at it. `Reused`: it was something else that was asked with this key. */
export type Claim =
  | { readonly kind: 'Claimed' | 'Running' | 'Reused' }
  | { readonly kind: 'Answered'; readonly answer: KeptAnswer };

/** How long somebody who does a request is believed to be alive without saying so. */
export const leaseSeconds = 60;
const keptHours = 24;
const removedAtOnce = 1_000;

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
  async claim({ scope, fingerprint }: KeyedRequest, holder: string): Promise<Claim> {
    return await this.database.use('claim an idempotency key', async (dataSource) => {
      for (;;) {
        const claimed: readonly object[] = await dataSource.query(
          `INSERT INTO idempotency_key AS kept (scope, fingerprint, holder, leased_until, expires_at)
          VALUES ($1, $2, $3, now() + interval '${leaseSeconds} seconds', now() + interval '${keptHours} hours')
          ON CONFLICT (scope) DO UPDATE SET fingerprint = excluded.fingerprint, holder = excluded.holder,
            leased_until = excluded.leased_until, expires_at = excluded.expires_at, answer = NULL
          WHERE kept.expires_at < now()
            OR (kept.answer IS NULL AND kept.leased_until < now() AND kept.fingerprint = excluded.fingerprint)
          RETURNING holder`,
          [scope, fingerprint, holder],
        );
        if (claimed.length > 0) return { kind: 'Claimed' };
        const [row]: readonly Row[] = await dataSource.query(
          'SELECT fingerprint, answer FROM idempotency_key WHERE scope = $1',
          [scope],
        );
        // Given up between the two statements: it is free.
        if (!row) continue;
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

  async removeExpired(): Promise<void> {
    await this.change(
      `DELETE FROM idempotency_key WHERE scope IN (
        SELECT scope FROM idempotency_key WHERE expires_at < now() LIMIT ${removedAtOnce} FOR UPDATE SKIP LOCKED)`,
      [],
    );
  }

  private async change(statement: string, parameters: readonly unknown[]): Promise<void> {
    await this.database.use('keep an idempotency key', (dataSource) =>
      dataSource.query(statement, [...parameters]),
    );
  }
}
