import type { ManagementDatabase } from '../management-database.ts';

export type OperationKind = 'Create' | 'Change' | 'Delete';
export type OperationState = 'Running' | 'Succeeded' | 'Superseded' | 'Failed';

/** What was asked for, and of which object. */
export interface BegunOperation {
  readonly id: string;
  readonly kind: OperationKind;
  /** As in the path of the API server, e.g. `tenantcontrolplanes`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** That came of it. */
  readonly generation: number;
  readonly username: string;
  readonly requestId: string;
  readonly startedAt: Date;
}

export interface StoredOperation extends BegunOperation {
  /** Orders them; a cursor. */
  readonly sequence: string;
  readonly state: OperationState;
  readonly endedAt: Date | null;
  readonly message: string | null;
}

/** How one ended. */
export interface Outcome {
  readonly state: Exclude<OperationState, 'Running'>;
  readonly message: string | undefined;
}

const keptDays = 30;
const removedAtOnce = 1_000;

const columns = `sequence, id, kind, resource, namespace, name, uid, generation::float8 AS generation, username,
  request_id AS "requestId", started_at AS "startedAt", ended_at AS "endedAt", state, message`;

/** Operations of all replicas. Rejects with a `DatabaseError` `Unavailable` while there is no database. */
export class Operations {
  private readonly database: ManagementDatabase;

  constructor(database: ManagementDatabase) {
    this.database = database;
  }

  async begin(operation: BegunOperation): Promise<void> {
    const { id, kind, resource, namespace, name, uid, generation, username, requestId, startedAt } =
      operation;
    await this.query(
      'record an operation',
      `INSERT INTO operation (id, kind, resource, namespace, name, uid, generation, username, request_id, started_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [id, kind, resource, namespace, name, uid, generation, username, requestId, startedAt],
    );
  }

  async get(id: string): Promise<StoredOperation | undefined> {
    const [row] = await this.query('read an operation', `SELECT ${columns} FROM operation WHERE id = $1`, [
      id,
    ]);
    return row;
  }

  /** The newest first; `before`: a sequence. */
  async list({
    namespace,
    before,
    limit,
  }: {
    readonly namespace?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
  }): Promise<readonly StoredOperation[]> {
    return await this.query(
      'list operations',
      `SELECT ${columns} FROM operation
      WHERE ($1::text IS NULL OR namespace = $1) AND ($2::bigint IS NULL OR sequence < $2)
      ORDER BY sequence DESC LIMIT $3`,
      [namespace ?? null, before ?? null, limit],
    );
  }

  /** The first to say so is believed. */
  async end(id: string, { state, message }: Outcome, endedAt: Date): Promise<void> {
    await this.query(
      'end an operation',
      `UPDATE operation SET state = $2, message = $3, ended_at = $4 WHERE id = $1 AND state = 'Running'`,
      [id, state, message ?? null, endedAt],
    );
  }

  /** Removes some of those whose time is over; resolves to whether there may be more. */
  async removeOld(): Promise<boolean> {
    const removed = await this.query(
      'remove old operations',
      `WITH removed AS (DELETE FROM operation WHERE sequence IN (SELECT sequence FROM operation
        WHERE started_at < now() - interval '${keptDays} days' LIMIT ${removedAtOnce} FOR UPDATE SKIP LOCKED) RETURNING sequence)
      SELECT sequence FROM removed`,
      [],
    );
    return removed.length === removedAtOnce;
  }

  private async query(
    operation: string,
    statement: string,
    parameters: readonly unknown[],
  ): Promise<readonly StoredOperation[]> {
    return await this.database.use(operation, (dataSource) => dataSource.query(statement, [...parameters]));
  }
}
