import type { CompletedPart } from '@aws-sdk/client-s3';
import type { S3Connection } from './s3-connection.ts';
import type { PutOptions } from './storage.ts';

/** An object of a bucket, as requests name it. */
export interface S3Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** An object that comes in parts, each of 5 MiB at least but for the last, 10,000 at most. */
export class S3Upload {
  readonly #connection: S3Connection;
  readonly #operation: string;
  readonly #target: S3Target & { readonly UploadId: string | undefined };
  readonly #options: PutOptions;
  readonly #parts: CompletedPart[] = [];

  private constructor(
    connection: S3Connection,
    operation: string,
    target: S3Target & { readonly UploadId: string | undefined },
    options: PutOptions,
  ) {
    this.#connection = connection;
    this.#operation = operation;
    this.#target = target;
    this.#options = options;
  }

  static async begin(
    connection: S3Connection,
    operation: string,
    target: S3Target,
    options: PutOptions,
  ): Promise<S3Upload> {
    const { fence } = options;
    // Not to be given up half-way: nobody would know the upload’s id.
    const begin = await connection.change(
      { verb: 'archive/begin-upload', operation },
      (s3) => s3.createMultipartUpload({ ...target }),
      { fence },
    );
    return new S3Upload(connection, operation, { ...target, UploadId: begin.UploadId }, options);
  }

  async add(content: Uint8Array): Promise<void> {
    const PartNumber = this.#parts.length + 1;
    const part = { ...this.#target, PartNumber, Body: content, ContentLength: content.byteLength };
    const { ETag } = await this.#connection.change(
      { verb: 'archive/upload-part', operation: this.#operation },
      (s3, options) => s3.uploadPart(part, options),
      this.#options,
    );
    this.#parts.push({ PartNumber, ETag });
  }

  async complete(): Promise<void> {
    const { fence } = this.#options;
    const whole = { ...this.#target, MultipartUpload: { Parts: this.#parts } };
    await this.#connection.change(
      { verb: 'archive/complete-upload', operation: this.#operation },
      (s3) => s3.completeMultipartUpload(whole),
      { fence },
    );
  }

  /** Without the fence: nobody else knows of this upload. What stays when this fails is for the bucket’s lifecycle rule. */
  async abort(): Promise<void> {
    await this.#connection
      .change({ verb: 'archive/abort-upload', operation: this.#operation }, (s3) =>
        s3.abortMultipartUpload(this.#target),
      )
      .catch(() => undefined);
  }
}
