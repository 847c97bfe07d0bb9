import type { Client, ServiceError } from '@grpc/grpc-js';
import type { Reader } from 'protobufjs';
import type { EtcdConnection } from '../driver.ts';
import { toDataStoreError } from './errors.ts';

/** What a member says of itself (StatusResponse of etcdserverpb/rpc.proto, etcd 3.6 and later). */
export interface MemberStatus {
  readonly version: string;
  /** Decimal, of all members the same; of the leader as this member knows it, `0` without one. */
  readonly clusterId: string;
  readonly memberId: string;
  readonly leaderId: string;
  /** The store's revision, decimal. */
  readonly revision: string;
  /** Bytes on disk, and how many of them hold something. */
  readonly sizeBytes: number;
  readonly inUseBytes: number;
  /** Of bytes on disk; 0 where there is none. */
  readonly quotaBytes: number;
  /** Alarms and ailments, e.g. `memberID:1 alarm:NOSPACE `. */
  readonly errors: readonly string[];
}

const method = '/etcdserverpb.Maintenance/Status';

/** Asks one member. etcd3's definitions are older than quota and bytes in use, and drop what they do not know. */
export class MemberStatusReader {
  readonly #connection: EtcdConnection;
  readonly #endpoint: string;
  readonly #timeoutMs: number;
  #client: Promise<Client> | undefined;

  constructor(connection: EtcdConnection, endpoint: string, timeoutMs: number) {
    this.#connection = connection;
    this.#endpoint = endpoint;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws DataStoreError */
  async read(): Promise<MemberStatus> {
    try {
      this.#client ??= openClient(this.#connection, this.#endpoint);
      return await decodeStatus(await this.#call(await this.#client));
    } catch (error: unknown) {
      throw toDataStoreError('etcd: read status', error);
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    client?.close();
  }

  async #call(client: Client): Promise<Buffer> {
    const keep = (bytes: Buffer) => bytes;
    const deadline = Date.now() + this.#timeoutMs;
    return await new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: Buffer) =>
        error ? reject(error) : resolve(answer ?? Buffer.of());
      client.makeUnaryRequest(method, keep, keep, Buffer.of(), { deadline }, done);
    });
  }
}

async function openClient(connection: EtcdConnection, endpoint: string): Promise<Client> {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const tls = credentials.createSsl(
    Buffer.from(connection.certificateAuthority),
    Buffer.from(connection.clientKey),
    Buffer.from(connection.clientCertificate),
  );
  // As for all other calls: see session.ts.
  return new Client(endpoint, tls, { 'grpc.use_local_subchannel_pool': 1 });
}

/** By the numbers of the fields; what is not asked for is skipped. */
export async function decodeStatus(answer: Buffer): Promise<MemberStatus> {
  const { default: protobuf } = await import('protobufjs/minimal.js');
  const reader = protobuf.Reader.create(answer);
  const numbers = new Map<number, string>();
  const header = new Map<number, string>();
  const errors: string[] = [];
  let version = '';
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [field, wireType] = [tag >>> 3, tag & 7];
    if (field === 1) readNumbers(protobuf.Reader.create(reader.bytes()), header);
    else if (field === 2) version = reader.string();
    else if (field === 8) errors.push(reader.string());
    else if (wireType === 0) numbers.set(field, readUnsigned(reader));
    else reader.skipType(wireType);
  }
  return {
    version,
    clusterId: header.get(1) ?? '0',
    memberId: header.get(2) ?? '0',
    revision: header.get(3) ?? '0',
    leaderId: numbers.get(4) ?? '0',
    sizeBytes: Number(numbers.get(3) ?? 0),
    inUseBytes: Number(numbers.get(9) ?? 0),
    quotaBytes: toQuota(numbers.get(12)),
    errors,
  };
}

function readNumbers(reader: Reader, into: Map<number, string>): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) === 0) into.set(tag >>> 3, readUnsigned(reader));
    else reader.skipType(tag & 7);
  }
}

/** Decimal: ids have 64 bits. */
function readUnsigned(reader: Reader): string {
  const { low, high } = reader.uint64();
  return ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString();
}

/** A negative one, as of an etcd without quota, is what an unsigned reader takes for more than any disk has. */
function toQuota(field: string | undefined): number {
  const quota = Number(field ?? 0);
  return quota >= 2 ** 63 ? 0 : quota;
}
