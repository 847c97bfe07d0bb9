import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../../src/kube/client.ts';
import {
  keyOf,
  type KubeObject,
  type ObjectList,
  type ObjectRef,
  refOf,
  type Resource,
} from '../../src/kube/resource.ts';
import type { ApiServer } from './api-server.ts';
import { call } from './call.ts';
import type { SimulatedProcess } from './process.ts';
import { WatchStream } from './watch-stream.ts';
import type { Mishap } from './weather.ts';

export interface ClientOptions {
  readonly process: SimulatedProcess;
  /** For the trace, e.g. `management` or a runtime id. */
  readonly cluster: string;
  /** The server as it can be reached at this moment. @throws KubeError when it cannot. */
  readonly reach: (isProbe: boolean) => ApiServer;
  readonly mishap: (isWrite: boolean) => Mishap | undefined;
  /** Milliseconds that the next watch event of a kind takes. */
  readonly watchDelay: (plural: string) => number;
  readonly onSend: (operation: string, plural: string) => void;
  readonly onWatch?: (stream: WatchStream<KubeObject>) => void;
  readonly note: (text: string) => void;
  /** Answers what is not about objects. */
  readonly probe: (path: string) => { readonly status: number; readonly body: string };
}

/** What a process has to speak to an API server of the simulation: `KubeClient` over a slow and lossy network. */
export class SimulatedClient implements KubeClient {
  private readonly options: ClientOptions;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options?: CallOptions,
  ): Promise<T | undefined> {
    return this.read(`get ${resource.kind} ${keyOf(ref)}`, options, (server) => server.get(resource, ref));
  }

  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<ObjectList<T>> {
    return this.read(`list ${resource.plural}`, options, (server) => server.list(resource, options));
  }

  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T> {
    return this.write({ verb: 'create', resource, ref: refOf(object), options }, (server) =>
      server.create(resource, object),
    );
  }

  apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const verb = options.subresource ? `apply ${options.subresource} of` : 'apply';
    return this.write({ verb, resource, ref: refOf(object), options }, (server) =>
      server.apply(resource, object, options),
    );
  }

  patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T> {
    return this.write({ verb: 'patch', resource, ref, options }, (server) =>
      server.patch(resource, ref, patch, options),
    );
  }

  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean> {
    return this.write({ verb: 'delete', resource, ref, options }, (server) =>
      server.delete(resource, ref, options),
    );
  }

  watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    const { process, reach, watchDelay, onWatch } = this.options;
    const delay = () => watchDelay(resource.plural);
    const stream = new WatchStream({ server: reach(false), process, resource, options, delay });
    onWatch?.(stream as unknown as WatchStream<KubeObject>);
    return stream;
  }

  probe(path: string, options?: CallOptions): Promise<{ readonly status: number; readonly body: string }> {
    const { process, mishap, reach, probe } = this.options;
    return call({
      process,
      operation: `probe ${path}`,
      isWrite: false,
      options,
      mishap: mishap(false),
      effect: () => {
        reach(true);
        return probe(path);
      },
      note: this.noting(`probe ${path}`),
    });
  }

  async *stream(path: string, options?: CallOptions): AsyncGenerator<Uint8Array> {
    const { body } = await this.probe(path, options);
    yield Buffer.from(body);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private read<T>(
    operation: string,
    options: CallOptions | undefined,
    effect: (server: ApiServer) => T,
  ): Promise<T> {
    const { process, mishap, reach } = this.options;
    return call({
      process,
      operation,
      isWrite: false,
      options,
      mishap: mishap(false),
      effect: () => effect(reach(false)),
      note: this.noting(operation),
    });
  }

  private write<T>(
    request: {
      readonly verb: string;
      readonly resource: Resource;
      readonly ref: ObjectRef;
      readonly options?: CallOptions | undefined;
    },
    effect: (server: ApiServer) => T,
  ): Promise<T> {
    const { process, mishap, reach, onSend } = this.options;
    const operation = `${request.verb} ${request.resource.kind} ${keyOf(request.ref)}`;
    return call({
      process,
      operation,
      isWrite: true,
      options: request.options,
      mishap: mishap(true),
      effect: () => effect(reach(false)),
      onSend: () => onSend(operation, request.resource.plural),
      note: this.noting(operation),
    });
  }

  private noting(operation: string): (outcome: string) => void {
    const { note, cluster } = this.options;
    // A lease that is renewed is no news.
    return (outcome) => {
      if (outcome !== 'ok' || !operation.startsWith('patch Lease'))
        note(`${cluster}: ${operation}: ${outcome}`);
    };
  }
}
