import type { ApplyOptions, CallOptions, DeleteOptions, KubeClient, Patch, WriteOptions } from './client.ts';
import type { KubeObject, ObjectRef, Resource } from './resource.ts';
import { WriteDecoratingKubeClient } from './write-decorating-client.ts';

/** Whether this process may write now. */
export interface WriteGuard {
  /** Throws when it may not. */
  assertHeld(): void;
  /** Milliseconds for which it surely may; without it there is no end. */
  remainingMs?(): number;
}

/** As in client.ts. */
const DEFAULT_TIMEOUT_MS = 15_000;

/** For a process that is alone by other means: a command, a test. */
export const alwaysHeld: WriteGuard = { assertHeld: () => {} };

/**
 * Reads pass; every write asks the guard when it is made and once more when it has a connection and is about to be sent,
 * and is given up when the time that the guard grants is over. Timers alone would not do: a process that was stopped and
 * goes on sees answers and new connections before its timers, and a write may wait for just that.
 */
export class FencedKubeClient extends WriteDecoratingKubeClient {
  private readonly guard: WriteGuard;

  constructor(client: KubeClient, guard: WriteGuard) {
    super(client);
    this.guard = guard;
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.client.create(resource, object, this.fence(options));
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    return this.client.apply(resource, object, this.fence(options));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T> {
    return this.client.patch(resource, ref, patch, this.fence(options));
  }

  async delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean> {
    return this.client.delete(resource, ref, this.fence(options));
  }

  private fence<O extends CallOptions>(options: O): O;
  private fence<O extends CallOptions>(options: O | undefined): O | CallOptions;
  private fence(options: CallOptions | undefined): CallOptions {
    this.guard.assertHeld();
    const timeoutMs = options?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const grantedMs = this.guard.remainingMs?.() ?? timeoutMs;
    return {
      ...options,
      ...(grantedMs < timeoutMs && { timeoutMs: grantedMs }),
      beforeSend: () => this.guard.assertHeld(),
    };
  }
}
