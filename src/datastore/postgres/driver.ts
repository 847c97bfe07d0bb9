import { type Failpoints, noFailpoints } from '../../engine/failpoints.ts';
import type {
  CompactionResult,
  DataStoreDriver,
  DataStoreHealth,
  Partition,
  PartitionOptions,
  MeasureOptions,
  PartitionSize,
  PostgresConnection,
  ReclaimResult,
  WriteOptions,
} from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { roleOf } from './connect.ts';
import { PostgresContents } from './contents.ts';
import { checkPostgresHealth, findOpenWall, readFacts } from './health.ts';
import { countKeys, sizeOfKeys } from './keys.ts';
import { observe, observeShared } from './observe.ts';
import { postgresPartition } from './partition.ts';
import type { PostgresPartition } from './partition.ts';
import type { Primary } from './primary.ts';
import { planRepair } from './repair.ts';
import type { RepairStep } from './repair.ts';
import { PostgresSession } from './session.ts';
import { largestDatabases } from './sizes.ts';
import { deletionWrites, repairWrite } from './statements.ts';
import { TenantDatabase } from './tenant-database.ts';

/** What is seen only after a repair needs another round: a database, then what is in it, then that all is right. */
const repairRounds = 5;

/** Partitions of a Postgres: databases, each with a login role of its name that kine runs as. */
export class PostgresDriver implements DataStoreDriver {
  readonly #connection: PostgresConnection;
  readonly #session: PostgresSession;
  readonly #failpoints: Failpoints;

  constructor(connection: PostgresConnection, failpoints: Failpoints = noFailpoints) {
    this.#connection = connection;
    this.#failpoints = failpoints;
    this.#session = new PostgresSession(connection, { failpoints });
  }

  async ensurePartition(
    id: string,
    { fence, access = 'ReadWrite' }: PartitionOptions = {},
  ): Promise<{ readonly changed: boolean }> {
    const partition = this.#partition(id);
    let changed = false;
    await this.#session.onPrimary(`ensure partition ${id}`, async (primary) => {
      await requireWall(primary);
      await serialize(primary, partition);
      for (let round = 1; ; round += 1) {
        const steps = planRepair(partition, await observe(primary, partition), access);
        if (steps.length === 0) break;
        if (round === repairRounds) throw unstable(partition, steps);
        for (const step of steps) {
          await primary.write(repairWrite(partition, step), fence);
          changed = true;
        }
      }
      await release(primary, partition);
    });
    return { changed };
  }

  async deletePartition(id: string, { fence }: WriteOptions = {}): Promise<void> {
    const partition = this.#partition(id);
    await this.#session.onPrimary(`delete partition ${id}`, async (primary) => {
      await serialize(primary, partition);
      const writes = deletionWrites(partition, await observeShared(primary, partition));
      for (const write of writes) await primary.write(write, fence);
      await release(primary, partition);
    });
  }

  async inspectPartition(id: string): Promise<Partition> {
    const partition = this.#partition(id);
    return await this.#session.onPrimary(`inspect partition ${id}`, async (primary) => {
      const { role, database } = await observeShared(primary, partition);
      const connect = () => this.#connectAsTenant(partition, primary);
      const keys = role && database ? await countKeys(partition, connect) : 0;
      return { id, userExists: role !== undefined, roleExists: database !== undefined, keys };
    });
  }

  contentsOf(id: string): PostgresContents {
    const partition = this.#partition(id);
    return new PostgresContents(partition, () =>
      this.#session.onPrimary(`connect to partition ${id}`, (primary) =>
        this.#connectAsTenant(partition, primary),
      ),
    );
  }

  async checkHealth(): Promise<DataStoreHealth> {
    return await checkPostgresHealth(this.#connection);
  }

  /** Each tenant's kine compacts its own table when its apiserver says so: `--etcd-compaction-interval` and `--compact-min-retain=0`. */
  compact(): Promise<CompactionResult> {
    return Promise.resolve({ compacted: false, reason: 'LeftToTenants' });
  }

  /** A server without room on its disk goes on by itself when it has some again. */
  reclaimSpace(): Promise<ReclaimResult> {
    return Promise.resolve({ state: 'Writable' });
  }

  async largestPartitions(count: number, signal?: AbortSignal): Promise<readonly PartitionSize[]> {
    return await this.#session.onPrimary('measure partitions', async (primary) => {
      const sizes: PartitionSize[] = [];
      for (const { partition, bytes } of await largestDatabases(primary, count)) {
        signal?.throwIfAborted();
        const keys = await countKeys(partition, () => this.#connectAsTenant(partition, primary));
        sizes.push({ id: partition.id, bytes, keys });
      }
      return sizes;
    });
  }

  async measurePartition(id: string, { signal }: MeasureOptions = {}): Promise<PartitionSize> {
    const partition = this.#partition(id);
    return await this.#session.onPrimary(`measure partition ${id}`, async (primary) => {
      signal?.throwIfAborted();
      return { id, ...(await sizeOfKeys(partition, () => this.#connectAsTenant(partition, primary))) };
    });
  }

  async close(): Promise<void> {
    await this.#session.close();
  }

  async #connectAsTenant({ name }: PostgresPartition, { endpoint }: Primary): Promise<TenantDatabase> {
    return await TenantDatabase.connect({
      connection: this.#connection,
      endpoint,
      name,
      failpoints: this.#failpoints,
    });
  }

  #partition(id: string): PostgresPartition {
    const partition = postgresPartition(id);
    if (partition.name !== roleOf(this.#connection.clientCertificate)) return partition;
    throw new DataStoreError('Unsupported', 'postgres: name partition', `${id} is Marina's own role`);
  }
}

/** One caller at a time looks and acts; the lock goes with the connection, and tenants reach no lock of this database. */
async function serialize(primary: Primary, { id }: PostgresPartition): Promise<void> {
  await primary.read({
    operation: `lock partition ${id}`,
    sql: `SELECT pg_advisory_lock(${lockKey})`,
    values: [id],
  });
}

async function release(primary: Primary, { id }: PostgresPartition): Promise<void> {
  await primary.read({
    operation: `unlock partition ${id}`,
    sql: `SELECT pg_advisory_unlock(${lockKey})`,
    values: [id],
  });
}

const lockKey = "hashtextextended('marina.dev/partition/' || $1, 0)";

async function requireWall(primary: Primary): Promise<void> {
  const fault = findOpenWall(await readFacts(primary));
  if (fault) throw new DataStoreError('Unsupported', 'postgres: ensure partition', fault);
}

function unstable({ id }: PostgresPartition, steps: readonly RepairStep[]): DataStoreError {
  const left = steps.map((step) => step.do).join(', ');
  return new DataStoreError(
    'Internal',
    `postgres: ensure partition ${id}`,
    `does not stay repaired (${left})`,
  );
}
