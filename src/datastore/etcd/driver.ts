import type { Failpoints } from '../../engine/failpoints.ts';
import type {
  CompactionOptions,
  CompactionResult,
  DataStoreDriver,
  DataStoreHealth,
  EtcdConnection,
  Partition,
  PartitionOptions,
  MeasureOptions,
  PartitionSize,
  ReclaimResult,
  WriteOptions,
} from '../driver.ts';
import { DataStoreError } from '../errors.ts';
import { EtcdCompactor } from './compaction.ts';
import { EtcdContents } from './contents.ts';
import { says } from './errors.ts';
import { authenticationDisabled, EtcdHealthChecker } from './health.ts';
import { etcdPartition } from './partition.ts';
import type { EtcdPartition, Grant } from './partition.ts';
import { SpaceReclaimer } from './reclaim.ts';
import { planRepair } from './repair.ts';
import type { ObservedAccess, RepairStep } from './repair.ts';
import { EtcdSession, type Write } from './session.ts';
import { largestPartitions, measurePartition } from './sizes.ts';

/** Partitions of an etcd by key prefix, each with a user and a role of its name. */
export class EtcdDriver implements DataStoreDriver {
  readonly #session: EtcdSession;
  readonly #health: EtcdHealthChecker;
  readonly #compactor: EtcdCompactor;
  readonly #reclaimer: SpaceReclaimer;

  constructor(connection: EtcdConnection, failpoints?: Failpoints) {
    this.#session = new EtcdSession(connection, { failpoints });
    this.#health = new EtcdHealthChecker(connection);
    this.#compactor = new EtcdCompactor(this.#session);
    this.#reclaimer = new SpaceReclaimer({
      connection,
      failpoints,
      session: this.#session,
      members: this.#health,
      compactor: this.#compactor,
    });
  }

  async ensurePartition(
    id: string,
    { fence, access }: PartitionOptions = {},
  ): Promise<{ readonly changed: boolean }> {
    const partition = etcdPartition(id, access);
    await this.#requireAuthentication();
    const steps = planRepair(partition, await this.#observe(partition));
    for (const step of steps) await this.#repair(partition, step, fence);
    return { changed: steps.length > 0 };
  }

  async deletePartition(id: string, { fence }: WriteOptions = {}): Promise<void> {
    const partition = etcdPartition(id);
    // Answers `user name not found` as well when it is the caller that etcd does not know; a read tells the two apart.
    const contents = this.#contents(partition);
    await contents.count();
    // Nobody may write any more before the keys go.
    const { name } = partition;
    await this.#session.write(
      {
        verb: 'delete user',
        subject: name,
        run: (client) => quietly('user name not found', client.auth.userDelete({ name })),
      },
      fence,
    );
    await this.#session.write(
      {
        verb: 'delete role',
        subject: name,
        run: (client) => quietly('role name not found', client.auth.roleDelete({ role: name })),
      },
      fence,
    );
    await contents.clear({ fence });
  }

  async inspectPartition(id: string): Promise<Partition> {
    const partition = etcdPartition(id);
    const keys = await this.#contents(partition).count();
    const observed = await this.#observe(partition);
    return { id, userExists: observed.roles !== undefined, roleExists: observed.grants !== undefined, keys };
  }

  contentsOf(id: string): EtcdContents {
    return this.#contents(etcdPartition(id));
  }

  async checkHealth(): Promise<DataStoreHealth> {
    return await this.#health.check();
  }

  async compact(options?: CompactionOptions): Promise<CompactionResult> {
    return await this.#compactor.compact(options);
  }

  async reclaimSpace(options?: WriteOptions): Promise<ReclaimResult> {
    return await this.#reclaimer.reclaim(options);
  }

  async largestPartitions(count: number, signal?: AbortSignal): Promise<readonly PartitionSize[]> {
    return await largestPartitions(this.#session, count, signal);
  }

  async measurePartition(id: string, options?: MeasureOptions): Promise<PartitionSize> {
    return await measurePartition(this.#session, etcdPartition(id), options);
  }

  async close(): Promise<void> {
    await Promise.all([this.#session.close(), this.#health.close()]);
  }

  #contents(partition: EtcdPartition): EtcdContents {
    return new EtcdContents(this.#session, this.#compactor, partition);
  }

  async #observe({ name }: EtcdPartition): Promise<ObservedAccess> {
    const [user, role] = await Promise.all([
      this.#session.call(`read user ${name}`, (client) =>
        quietly('user name not found', client.auth.userGet({ name })),
      ),
      this.#session.call(`read role ${name}`, (client) =>
        quietly('role name not found', client.auth.roleGet({ role: name })),
      ),
    ]);
    return { roles: user?.roles, grants: role?.perm.map(readGrant) };
  }

  async #requireAuthentication(): Promise<void> {
    const { enabled } = await this.#session.call('read authentication status', (client) =>
      client.auth.authStatus(),
    );
    if (!enabled) throw new DataStoreError('Unsupported', 'etcd: ensure partition', authenticationDisabled);
  }

  async #repair(partition: EtcdPartition, step: RepairStep, fence: WriteOptions['fence']): Promise<void> {
    await this.#session.write(repairWrite(partition, step), fence);
  }
}

function repairWrite({ name }: EtcdPartition, step: RepairStep): Write<unknown> {
  switch (step.do) {
    case 'revokeRole':
      return {
        verb: 'revoke role',
        subject: `${step.role} from user ${name}`,
        run: ({ auth }) =>
          quietly('role is not granted to the user', auth.userRevokeRole({ name, role: step.role })),
      };
    case 'revokeGrant':
      return {
        verb: 'revoke permission',
        subject: `from role ${name}`,
        run: ({ auth }) =>
          quietly(
            'permission is not granted to the role',
            auth.roleRevokePermission({ role: name, ...range(step.grant) }),
          ),
      };
    case 'addRole':
      return {
        verb: 'add role',
        subject: name,
        run: ({ auth }) => quietly('role name already exists', auth.roleAdd({ name })),
      };
    case 'grant':
      return {
        verb: `grant ${step.grant.permission} permission`,
        subject: `to role ${name}`,
        run: ({ auth }) =>
          auth.roleGrantPermission({
            name,
            perm: { permType: step.grant.permission, ...range(step.grant) },
          }),
      };
    case 'addUser':
      return {
        verb: 'add user',
        subject: name,
        run: ({ auth }) =>
          quietly('user name already exists', auth.userAdd({ name, options: { no_password: true } })),
      };
    case 'grantRole':
      return {
        verb: 'grant role',
        subject: `${name} to user ${name}`,
        run: ({ auth }) => auth.userGrantRole({ user: name, role: name }),
      };
  }
}

/** The answer, or undefined when etcd says that it is so already. */
async function quietly<T>(message: string, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (says(error, message)) return undefined;
    throw error;
  }
}

/** Keys are octets and need not be text; latin1 keeps each of them. */
function range({ start, end }: Grant): { key: Buffer; range_end: Buffer } {
  return { key: Buffer.from(start, 'latin1'), range_end: Buffer.from(end, 'latin1') };
}

function readGrant(permission: { permType: Grant['permission']; key: Buffer; range_end: Buffer }): Grant {
  return {
    permission: permission.permType,
    start: permission.key.toString('latin1'),
    end: permission.range_end.toString('latin1'),
  };
}
