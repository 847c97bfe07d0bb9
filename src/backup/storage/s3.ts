import { randomUUID } from 'node:crypto';
import type { _Object as ListedObject } from '@aws-sdk/client-s3';
import type { Failpoints } from '../../engine/failpoints.ts';
import { checkStorage, kindOf } from './check.ts';
import { BackupStorageError } from './errors.ts';
import { interruptible } from './interruptible.ts';
import { isKey, requireKey, requirePrefix } from './keys.ts';
import { S3Connection } from './s3-connection.ts';
import { asS3Error } from './s3-errors.ts';
import type { S3Location } from './s3-location.ts';
import { inParts } from './s3-parts.ts';
import { type S3Target, S3Upload } from './s3-upload.ts';
import type { DeleteOptions, ObjectStorage, PutOptions, StoredObject } from './storage.ts';

/** Octets: the one buffer of a `put`. With 10,000 parts an archive has 78 GiB at most. */
const partBytes = 8 * 1024 * 1024;

/** A bucket of any server that speaks the S3 API. */
export class S3Storage implements ObjectStorage {
  readonly #connection: S3Connection;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(location: S3Location, failpoints?: Failpoints) {
    this.#connection = new S3Connection(location, failpoints);
    this.#bucket = location.bucket;
    this.#prefix = location.prefix === undefined ? '' : `${location.prefix}/`;
  }

  async put(
    key: string,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions = {},
  ): Promise<StoredObject> {
    const operation = `s3: put ${key}`;
    requireKey(operation, key);
    const target = this.#target(key);
    const { signal, fence } = options;
    const connection = this.#connection;
    // What makes an object appear is not given up half-way: whether it did would be anybody’s guess.
    const putWhole = (Body: Uint8Array) =>
      connection.change(
        { verb: `${kindOf(key)}/put-object`, operation },
        (s3) => s3.putObject({ ...target, Body, ContentLength: Body.byteLength }),
        { fence },
      );
    let bytes = 0;
    let upload: S3Upload | undefined;
    try {
      for await (const part of inParts(interruptible(content, signal), Buffer.allocUnsafeSlow(partBytes))) {
        bytes += part.byteLength;
        if (bytes < partBytes) {
          await putWhole(part);
        } else {
          upload ??= await S3Upload.begin(connection, operation, target, options);
          await upload.add(part);
        }
      }
      signal?.throwIfAborted();
      if (bytes === 0) await putWhole(new Uint8Array());
      await upload?.complete();
    } catch (error: unknown) {
      await upload?.abort();
      throw error;
    }
    const { LastModified } = await connection.ask(operation, (s3) => s3.headObject({ ...target }));
    return { key, bytes, modified: modifiedOf(LastModified) };
  }

  async get(key: string): Promise<AsyncIterable<Uint8Array>> {
    const operation = `s3: get ${key}`;
    requireKey(operation, key);
    const { Body } = await this.#connection.ask(operation, (s3) => s3.getObject({ ...this.#target(key) }));
    return read(Body as AsyncIterable<Uint8Array>, operation);
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    const operation = `s3: list ${prefix}`;
    requirePrefix(operation, prefix);
    let from: string | undefined;
    do {
      const page = await this.#connection.ask(operation, (s3) =>
        s3.listObjectsV2({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ContinuationToken: from }),
      );
      for (const listed of page.Contents ?? []) {
        const object = this.#describe(listed);
        if (isKey(object.key)) yield object;
      }
      from = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (from !== undefined);
  }

  async delete(key: string, options: DeleteOptions = {}): Promise<void> {
    const operation = `s3: delete ${key}`;
    requireKey(operation, key);
    try {
      await this.#connection.change(
        { verb: `${kindOf(key)}/delete-object`, operation },
        (s3) => s3.deleteObject({ ...this.#target(key) }),
        options,
      );
    } catch (error: unknown) {
      if (!(error instanceof BackupStorageError && error.code === 'NotFound')) throw error;
    }
  }

  async check(): Promise<void> {
    await checkStorage(this, 's3', randomUUID());
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  #target(key: string): S3Target {
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  #describe({ Key = '', Size = 0, LastModified }: ListedObject): StoredObject {
    return { key: Key.slice(this.#prefix.length), bytes: Size, modified: modifiedOf(LastModified) };
  }
}

/** Every server sends it. */
function modifiedOf(time: Date | undefined): Date {
  return time ?? new Date(0);
}

async function* read(body: AsyncIterable<Uint8Array>, operation: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error: unknown) {
    throw asS3Error(operation, error);
  }
}
