import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Etcd3 } from 'etcd3';
import { type Failpoints, noFailpoints } from '../../engine/failpoints.ts';
import type { EtcdConnection } from '../driver.ts';
import { isTransient, toDataStoreError } from './errors.ts';

export interface SessionOptions {
  /** How often a call is tried, each time on the next member; default: twice each member and at least 4 times. */
  readonly attempts?: number;
  /** Milliseconds until one attempt fails; default 5000. */
  readonly timeoutMs?: number;
  readonly failpoints?: Failpoints;
}

/** A change of the store. */
export interface Write<T> {
  /** What is done, e.g. `add user`, for errors and as the failpoint `etcd/add-user`. */
  readonly verb: string;
  /** To what, for errors. */
  readonly subject?: string;
  readonly run: (client: Etcd3) => Promise<T>;
}

/**
 * Calls to a store. They go to one member until it fails and then to the next, so a member that swallows packets costs one time-out
 * and not one in every few calls. Every call must be safe to repeat: an answer can be lost. Clients are opened on first use.
 */
export class EtcdSession {
  readonly #connection: EtcdConnection;
  readonly #attempts: number;
  readonly #timeoutMs: number;
  readonly #failpoints: Failpoints;
  readonly #clients = new Map<string, Promise<Etcd3>>();
  #current = 0;
  #closed = false;

  constructor(connection: EtcdConnection, options: SessionOptions = {}) {
    this.#connection = connection;
    this.#attempts = options.attempts ?? Math.max(4, 2 * connection.endpoints.length);
    this.#timeoutMs = options.timeoutMs ?? 5000;
    this.#failpoints = options.failpoints ?? noFailpoints;
  }

  /**
   * For reads; `operation` says what is tried, for the error.
   * @throws DataStoreError
   */
  async call<T>(operation: string, run: (client: Etcd3) => Promise<T>): Promise<T> {
    return await this.#attempt(operation, run);
  }

  /**
   * `fence` is called before every attempt, and again when that has its connection and is about to be sent; what it throws is passed
   * on as it is.
   * @throws DataStoreError
   */
  async write<T>({ verb, subject, run }: Write<T>, fence?: () => void): Promise<T> {
    const operation = subject === undefined ? verb : `${verb} ${subject}`;
    return await this.#failpoints.around(`etcd/${verb.replaceAll(' ', '-')}`, () =>
      this.#attempt(operation, run, fence),
    );
  }

  async #attempt<T>(operation: string, run: (client: Etcd3) => Promise<T>, fence?: () => void): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const current = this.#current;
      const client = this.#client(this.#connection.endpoints[current] ?? '');
      // Opening it can take longer than the fence holds; why it fails is said below.
      await client.catch(() => undefined);
      const gate = fence && new Gate(fence);
      gate?.pass();
      try {
        const opened = await client;
        return await (gate ? gateOfCall.run(gate, () => run(opened)) : run(opened));
      } catch (error) {
        gate?.rethrow();
        if (attempt >= this.#attempts || !isTransient(error))
          throw toDataStoreError(`etcd: ${operation}`, error);
        // Calls that failed side by side move on by one member together.
        if (this.#current === current) this.#current = (current + 1) % this.#connection.endpoints.length;
      }
      await delay(Math.min(500, 10 * 2 ** attempt));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = await Promise.allSettled(this.#clients.values());
    this.#clients.clear();
    for (const client of clients) if (client.status === 'fulfilled') client.value.close();
  }

  async #client(endpoint: string): Promise<Etcd3> {
    if (this.#closed) throw new Error('the connection to this store was closed');
    const open = this.#clients.get(endpoint) ?? openClient(this.#connection, endpoint, this.#timeoutMs);
    this.#clients.set(endpoint, open);
    return await open;
  }
}

/** What the calls of one attempt have to pass. */
class Gate {
  readonly #fence: () => void;
  #refusal: { readonly reason: unknown } | undefined;

  constructor(fence: () => void) {
    this.#fence = fence;
  }

  pass(): void {
    try {
      this.#fence();
    } catch (reason) {
      this.#refusal = { reason };
      throw reason;
    }
  }

  /** For a call that was not let through: it fails with what the gRPC library makes of that. */
  rethrow(): void {
    if (this.#refusal) throw this.#refusal.reason;
  }
}

const gateOfCall = new AsyncLocalStorage<Gate>();

async function openClient(connection: EtcdConnection, endpoint: string, timeoutMs: number): Promise<Etcd3> {
  // About 36 MB, which a manager without an etcd store need not carry.
  const [{ Etcd3 }, { noop }, { credentials, Metadata }] = await Promise.all([
    import('etcd3'),
    import('cockatiel'),
    import('@grpc/grpc-js'),
  ]);
  // The last that a call asks for, when it has been given a connection that stands.
  const gated = (gate: Gate) =>
    credentials.createFromMetadataGenerator((_, callback) => {
      gate.pass();
      callback(null, new Metadata());
    });
  return new Etcd3({
    hosts: `https://${endpoint}`,
    credentials: {
      rootCertificate: Buffer.from(connection.certificateAuthority),
      certChain: Buffer.from(connection.clientCertificate),
      privateKey: Buffer.from(connection.clientKey),
    },
    // A shared one keeps a failed connection for its back-off of up to two minutes, and says no more why it failed.
    grpcOptions: { 'grpc.use_local_subchannel_pool': 1 },
    // By itself etcd3 refuses every call for 5 seconds after 3 failures, and waits for an answer for ever.
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: ({ isStream }) => {
      const gate = gateOfCall.getStore();
      return {
        ...(!isStream && { deadline: Date.now() + timeoutMs }),
        ...(gate && { credentials: gated(gate) }),
      };
    },
  });
}
