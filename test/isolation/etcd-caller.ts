import { Client, credentials } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import type { Credential } from '../support/certificates.ts';
import type { EtcdServer } from '../support/etcd.ts';
import type { EtcdProtocol, RpcMethod } from './etcd-protocol.ts';

/** One request, with field names as in etcd's .proto files; 64-bit numbers as decimal text. */
export interface Call {
  readonly rpc: string;
  readonly request: Readonly<Record<string, unknown>>;
}

export interface WatchStream extends Disposable {
  send(request: Call['request']): void;
}

export type Answer = Readonly<Record<string, unknown>>;

const deadlineMs = 10_000;
const plain = { longs: String, enums: String, bytes: Buffer } as const;

/** Speaks gRPC as whoever holds a credential: what a client library refuses to send is sent here. */
export class EtcdCaller implements Disposable {
  readonly #protocol: EtcdProtocol;
  readonly #client: Client;

  constructor(protocol: EtcdProtocol, server: Pick<EtcdServer, 'endpoints' | 'ca'>, as?: Credential) {
    this.#protocol = protocol;
    const pem = as && [Buffer.from(as.privateKey), Buffer.from(as.certificate)];
    this.#client = new Client(
      server.endpoints[0] ?? '',
      credentials.createSsl(Buffer.from(server.ca.certificate), pem?.[0], pem?.[1]),
      // Connections are the identity here, so none is shared.
      { 'grpc.use_local_subchannel_pool': 1 },
    );
  }

  /**
   * Resolves with the first message of the answer; a watch that is cancelled in it rejects.
   * @throws Error whose message is what etcd said
   */
  async ask({ rpc, request }: Call): Promise<Answer> {
    const method = this.#method(rpc);
    const message = method.request.fromObject(request);
    const answer = await (method.kind === 'unary'
      ? this.#once(method, message)
      : this.#first(method, message));
    if (answer['canceled']) throw new Error(String(answer['cancel_reason']));
    return answer;
  }

  /** Sends an empty message to a method that the protocol need not have; what it answers is lost. */
  async poke(path: string): Promise<void> {
    const nothing = () => Buffer.alloc(0);
    await new Promise<void>((resolve, reject) => {
      const options = { deadline: Date.now() + deadlineMs };
      this.#client.makeUnaryRequest(path, nothing, nothing, undefined, options, (error) => {
        if (error) reject(new Error(error.details, { cause: error }));
        else resolve();
      });
    });
  }

  /** Opens one stream of watches; to be disposed of. */
  watch(listen: (answer: Answer) => void): WatchStream {
    const method = this.#method('/etcdserverpb.Watch/Watch');
    const stream = this.#client.makeBidiStreamRequest(method.path, encode(method), decode(method));
    stream.on('data', listen);
    stream.on('error', () => undefined);
    return {
      send: (request) => void stream.write(method.request.fromObject(request)),
      [Symbol.dispose]: () => stream.cancel(),
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #method(rpc: string): RpcMethod {
    const method = this.#protocol.methods.get(rpc);
    if (!method) throw new Error(`this etcd has no ${rpc}`);
    return method;
  }

  #once(method: RpcMethod, message: protobuf.Message): Promise<Answer> {
    const { path } = method;
    const options = { deadline: Date.now() + deadlineMs };
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        encode(method),
        decode(method),
        message,
        options,
        (error, answer) => {
          if (error) reject(new Error(error.details, { cause: error }));
          else resolve(answer ?? {});
        },
      );
    });
  }

  #first(method: RpcMethod, message: protobuf.Message): Promise<Answer> {
    const stream = this.#stream(method, message);
    return new Promise((resolve, reject) => {
      stream.on('data', (answer: Answer) => {
        resolve(answer);
        stream.cancel();
      });
      stream.on('error', (error) =>
        reject(new Error('details' in error ? String(error.details) : error.message)),
      );
      stream.on('end', () => reject(new Error('ended without an answer')));
    });
  }

  #stream(method: RpcMethod, message: protobuf.Message) {
    const { path } = method;
    const options = { deadline: Date.now() + deadlineMs };
    if (method.kind === 'serverStream')
      return this.#client.makeServerStreamRequest(path, encode(method), decode(method), message, options);
    const stream = this.#client.makeBidiStreamRequest(path, encode(method), decode(method), options);
    stream.write(message);
    return stream;
  }
}

function encode({ request }: RpcMethod) {
  return (message: protobuf.Message) => Buffer.from(request.encode(message).finish());
}

function decode({ response }: RpcMethod) {
  return (bytes: Buffer): Answer => response.toObject(response.decode(bytes), plain);
}
