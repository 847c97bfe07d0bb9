import type { DataStoreDriver, DataStoreHealth, WriteOptions } from '../../src/datastore/driver.ts';
import { DataStoreError } from '../../src/datastore/errors.ts';
import { etcdPartition, type Grant } from '../../src/datastore/etcd/partition.ts';
import { planRepair, type RepairStep } from '../../src/datastore/etcd/repair.ts';
import type { ApiServer } from './api-server.ts';
import { call } from './call.ts';
import type { SimulatedProcess } from './process.ts';
import type { Mishap } from './weather.ts';

/** What an etcd holds: users with their roles, roles with their grants, and each partition's keys. */
export class SimulatedStore {
  readonly users = new Map<string, string[]>();
  readonly roles = new Map<string, Grant[]>();
  /** A tenant cluster's objects, by partition. */
  readonly data = new Map<string, ApiServer>();

  /** Everything that is left of a partition, for people. */
  remains(id: string): string[] {
    return [
      ...(this.users.has(id) ? [`user ${id}`] : []),
      ...(this.roles.has(id) ? [`role ${id}`] : []),
      ...(this.data.has(id) ? [`keys of ${id}`] : []),
    ];
  }

  /** Whether a control plane could read and write its partition. */
  serves(id: string): boolean {
    const grants = this.roles.get(id) ?? [];
    return (this.users.get(id)?.includes(id) ?? false) && grants.length === etcdPartition(id).grants.length;
  }

  repair(id: string, step: RepairStep): void {
    switch (step.do) {
      case 'revokeRole':
        this.users.set(
          id,
          this.rolesOf(id).filter((role) => role !== step.role),
        );
        return;
      case 'revokeGrant':
        this.roles.set(
          id,
          this.grantsOf(id).filter((grant) => !isSameRange(grant, step.grant)),
        );
        return;
      case 'addRole':
        if (!this.roles.has(id)) this.roles.set(id, []);
        return;
      case 'grant':
        this.roles.set(id, [
          ...this.grantsOf(id).filter((grant) => !isSameRange(grant, step.grant)),
          step.grant,
        ]);
        return;
      case 'addUser':
        if (!this.users.has(id)) this.users.set(id, []);
        return;
      case 'grantRole':
        this.users.set(id, [...new Set([...this.rolesOf(id), id])]);
    }
  }

  private rolesOf(id: string): string[] {
    const roles = this.users.get(id);
    if (!roles) throw new DataStoreError('Internal', `change user ${id}`, 'user name not found');
    return roles;
  }

  private grantsOf(id: string): Grant[] {
    const grants = this.roles.get(id);
    if (!grants) throw new DataStoreError('Internal', `change role ${id}`, 'role name not found');
    return grants;
  }
}

export interface StoreDriverOptions {
  readonly store: SimulatedStore;
  readonly process: SimulatedProcess;
  readonly mishap: (isWrite: boolean) => Mishap | undefined;
  readonly onSend: (operation: string) => void;
  /** Told when a step of making or of removing a partition takes effect. */
  readonly onEffect: (effect: 'make' | 'remove', id: string) => void;
  readonly note: (text: string) => void;
}

/** A driver of the simulated store as `EtcdDriver` is one of etcd: the same steps in the same order, each a call of its own. */
export class SimulatedStoreDriver implements DataStoreDriver {
  private readonly options: StoreDriverOptions;

  constructor(options: StoreDriverOptions) {
    this.options = options;
  }

  /** What is in partitions is no part of the simulation. */
  contentsOf(id: string): never {
    throw new Error(`the simulated partition ${id} has no contents`);
  }

  async ensurePartition(id: string, { fence }: WriteOptions = {}): Promise<{ readonly changed: boolean }> {
    const { store, onEffect } = this.options;
    const partition = etcdPartition(id);
    const observed = await this.read(`read user and role ${id}`, () => ({
      roles: store.users.get(id),
      grants: store.roles.get(id),
    }));
    const steps = planRepair(partition, observed);
    for (const step of steps) {
      await this.write(`${step.do} ${id}`, fence, () => {
        onEffect('make', id);
        store.repair(id, step);
      });
    }
    return { changed: steps.length > 0 };
  }

  async deletePartition(id: string, { fence }: WriteOptions = {}): Promise<void> {
    const { store } = this.options;
    await this.read(`count keys of ${id}`, () => store.data.has(id));
    for (const [what, map] of [
      ['user', store.users],
      ['role', store.roles],
      ['keys', store.data],
    ] as const) {
      await this.write(`delete ${what} ${id}`, fence, () => {
        this.options.onEffect('remove', id);
        map.delete(id);
      });
    }
  }

  async inspectPartition(id: string) {
    const { store } = this.options;
    return this.read(`inspect ${id}`, () => ({
      id,
      userExists: store.users.has(id),
      roleExists: store.roles.has(id),
      keys: store.data.get(id)?.changes.length ?? 0,
    }));
  }

  async checkHealth(): Promise<DataStoreHealth> {
    const endpoint = 'store:2379';
    try {
      await this.read('check health', () => undefined);
      return {
        healthy: true,
        latencyMs: 1,
        version: '3.7.3',
        sizeBytes: 1_000_000,
        endpoints: [{ endpoint, healthy: true }],
      };
    } catch (error: unknown) {
      const message = error instanceof Error ? error.message : String(error);
      return { healthy: false, endpoints: [{ endpoint, healthy: false, message }] };
    }
  }

  compact() {
    return Promise.resolve({ compacted: false, reason: 'NothingToDo' } as const);
  }

  reclaimSpace() {
    return Promise.resolve({ state: 'Writable' } as const);
  }

  largestPartitions() {
    return Promise.resolve([]);
  }

  measurePartition(id: string) {
    return Promise.resolve({ id, bytes: 0, keys: 0 });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private read<T>(operation: string, effect: () => T): Promise<T> {
    return this.call(operation, { isWrite: false }, effect);
  }

  private write<T>(operation: string, fence: (() => void) | undefined, effect: () => T): Promise<T> {
    fence?.();
    return this.call(operation, { isWrite: true, fence }, effect);
  }

  private call<T>(
    operation: string,
    { isWrite, fence }: { readonly isWrite: boolean; readonly fence?: (() => void) | undefined },
    effect: () => T,
  ): Promise<T> {
    const { process, mishap, note, onSend } = this.options;
    return call({
      process,
      operation,
      isWrite,
      options: { timeoutMs: 5_000, ...(fence && { beforeSend: fence }) },
      mishap: mishap(isWrite),
      effect,
      onSend: () => isWrite && onSend(`store: ${operation}`),
      note: (outcome) => note(`store: ${operation}: ${outcome}`),
      toError: (code) => new DataStoreError('Unreachable', operation, code),
    });
  }
}

function isSameRange(one: Grant, other: Grant): boolean {
  return one.start === other.start && one.end === other.end;
}
