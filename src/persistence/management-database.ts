import type { DataSource } from 'typeorm';
import { type Backoff, backoffMs, pause } from '../engine/backoff.ts';
import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import { type DatabaseAddress, type Endpoint, readEndpoint } from './connection.ts';
import { isPassingTrouble } from './database-trouble.ts';
import { DatabaseError, isDatabaseError } from './errors.ts';
import { migrate } from './migrate.ts';

/** Postgres, for what Kubernetes is the wrong place for. No control plane depends on it. How a table is added: tables.ts. */
export interface ManagementDatabase {
  /** It answered when it was last asked, takes writes, and has the schema of this build. */
  readonly isAvailable: boolean;
  /**
   * Does `work` with the database, and nothing while there is none: repositories are built on this. `operation` is for errors, e.g. `list
   * audit entries`.
   * @throws DatabaseError `Unavailable`; what a statement that is refused rejects with goes through as it is
   */
  use<Result>(operation: string, work: (dataSource: DataSource) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

export interface DatabaseSurroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly onAvailability?: (isAvailable: boolean) => void;
  /** It was found out after the start what would have kept it from opening: `Mismatch` or `Misconfigured`. It is not tried again. */
  readonly onRefusal?: (error: DatabaseError) => void;
}

/** Milliseconds for which a start waits: others depend on the process, and not on the database. */
const startPatienceMs = 5_000;

/** Milliseconds from one look at whether it still answers to the next. */
const probeMs = 2_000;
/** Milliseconds until a look has failed: a server may be silent for far longer. */
const probeTimeoutMs = 3_000;
const retries: Backoff = { baseMs: 500, maxMs: 15_000 };

/**
 * Migrates and connects, and resolves after some seconds in any case. A database that is not there, is silent or takes its time to migrate is tried for in
 * the background, for ever; until then and whenever it is lost, `use` rejects at once.
 * @throws DatabaseError `Mismatch` when it is there and has the schema of another build, `Misconfigured`; once it has resolved, `onRefusal` is told
 */
export async function openManagementDatabase(
  address: DatabaseAddress,
  surroundings: DatabaseSurroundings,
): Promise<ManagementDatabase> {
  const database = new SupervisedDatabase(address, surroundings);
  await database.start();
  return database;
}

/**
 * Connects once and changes nothing, for commands: a role that may only read will do.
 * @throws DatabaseError
 */
export async function connectOnce(address: DatabaseAddress): Promise<ManagementDatabase> {
  const dataSource = await connect(await readEndpoint(address));
  return {
    isAvailable: true,
    use: (_, work) => work(dataSource),
    close: () => dataSource.destroy(),
  };
}

class SupervisedDatabase implements ManagementDatabase {
  private readonly address: DatabaseAddress;
  private readonly surroundings: DatabaseSurroundings;
  private readonly stopping = new AbortController();
  private dataSource: DataSource | undefined;
  private isStarted = false;
  /** Ends the pause before the next look. */
  private hurry: AbortController | undefined;
  private finished: Promise<void> = Promise.resolve();

  constructor(address: DatabaseAddress, surroundings: DatabaseSurroundings) {
    this.address = address;
    this.surroundings = surroundings;
  }

  get isAvailable(): boolean {
    return this.dataSource !== undefined;
  }

  async start(): Promise<void> {
    const { clock, log, onAvailability } = this.surroundings;
    onAvailability?.(false);
    const first = this.connect();
    this.finished = this.supervise(first);
    const answered = new AbortController();
    try {
      await Promise.race([first, pause(clock, startPatienceMs, answered.signal)]);
    } catch (error: unknown) {
      if (isFinal(error)) throw error;
    } finally {
      answered.abort();
    }
    this.isStarted = true;
    if (!this.isAvailable) log.warn({}, 'the start goes on without the management database');
  }

  async use<Result>(operation: string, work: (dataSource: DataSource) => Promise<Result>): Promise<Result> {
    const { dataSource } = this;
    if (!dataSource)
      throw new DatabaseError('Unavailable', operation, 'there is no management database for now');
    try {
      return await work(dataSource);
    } catch (error: unknown) {
      if (isDatabaseError(error) || !isPassingTrouble(error)) throw error;
      this.hurry?.abort();
      const message = error instanceof Error ? error.message : String(error);
      throw new DatabaseError('Unavailable', operation, message, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.finished;
    await this.disconnect();
  }

  /** Looks after it until it is closed, or is one that must not be used. */
  private async supervise(first: Promise<void>): Promise<void> {
    const { clock, random } = this.surroundings;
    const { signal } = this.stopping;
    for (let look = first, failures = 0; ; look = this.look()) {
      try {
        await look;
        failures = 0;
      } catch (error: unknown) {
        if (isFinal(error)) return this.refuse(error);
        failures = this.dataSource ? 1 : failures + 1;
        await this.lose(error, failures);
      }
      await this.rest(this.dataSource ? probeMs : backoffMs(failures, retries, random), clock);
      if (signal.aborted) return;
    }
  }

  private async look(): Promise<void> {
    if (this.dataSource) await probe(this.dataSource, this.surroundings.clock);
    else await this.connect();
  }

  private async lose(error: unknown, failures: number): Promise<void> {
    const { log } = this.surroundings;
    if (this.dataSource) log.error({ err: error }, 'the management database was lost');
    else if (!this.stopping.signal.aborted)
      log.warn({ err: error, failures }, 'the management database is not there');
    await this.disconnect();
  }

  private refuse(error: DatabaseError): void {
    if (this.isStarted && !this.stopping.signal.aborted) this.surroundings.onRefusal?.(error);
  }

  private async rest(ms: number, clock: Clock): Promise<void> {
    this.hurry = new AbortController();
    const { signal } = this.stopping;
    // Who is refused in the meantime does not shorten a back-off.
    await pause(clock, ms, this.dataSource ? AbortSignal.any([this.hurry.signal, signal]) : signal);
  }

  private async connect(): Promise<void> {
    const { log, onAvailability } = this.surroundings;
    const endpoint = await readEndpoint(this.address);
    const done = await migrate(endpoint, { signal: this.stopping.signal });
    const dataSource = await connect(endpoint);
    this.dataSource = dataSource;
    onAvailability?.(true);
    log.info({ migrations: done }, 'the management database is there');
  }

  private async disconnect(): Promise<void> {
    const { dataSource } = this;
    if (!dataSource) return;
    this.dataSource = undefined;
    this.surroundings.onAvailability?.(false);
    const ended = dataSource.destroy().catch(() => undefined);
    // A silent server must not keep anybody from trying again; its connections end by their own time-outs.
    if (this.stopping.signal.aborted) await ended;
  }
}

/** Trying again is of no use. */
function isFinal(error: unknown): error is DatabaseError {
  return isDatabaseError(error) && error.code !== 'Unavailable';
}

async function connect(endpoint: Endpoint): Promise<DataSource> {
  // Loaded on first use: a process without a database need not carry it.
  const { connectDataSource } = await import('./data-source.ts');
  try {
    return await connectDataSource(endpoint);
  } catch (error: unknown) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DatabaseError('Unavailable', 'connect to the management database', message, { cause: error });
  }
}

async function probe(dataSource: DataSource, clock: Clock): Promise<void> {
  const operation = 'probe the management database';
  const answered = new AbortController();
  const silence = pause(clock, probeTimeoutMs, answered.signal).then(() => undefined);
  const look = dataSource.query<readonly { readonly standby: boolean }[]>(
    'SELECT pg_is_in_recovery() AS standby',
  );
  try {
    const rows = await Promise.race([look, silence]);
    if (!rows) throw new DatabaseError('Unavailable', operation, 'it is silent');
    if (rows[0]?.standby !== false) throw new DatabaseError('Unavailable', operation, 'it takes reads only');
  } finally {
    answered.abort();
    // It may fail long after nobody waits for it any more.
    look.catch(() => undefined);
  }
}
