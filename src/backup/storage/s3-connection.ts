import { AsyncLocalStorage } from 'node:async_hooks';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { S3 } from '@aws-sdk/client-s3';
import { type Failpoints, noFailpoints } from '../../engine/failpoints.ts';
import { asS3Error } from './s3-errors.ts';
import type { S3Location } from './s3-location.ts';
import type { PutOptions } from './storage.ts';

const maxSockets = 8;

/** Milliseconds to connect; a try of three. */
const connectMs = 3_000;
/** Milliseconds without an octet either way, as when whoever reads an object has other things to do. */
const idleMs = 60_000;
/** Milliseconds from the beginning of a request to that of its answer, with a part of an upload on a slow line. */
const answerMs = 5 * 60_000;

export interface Change {
  /** What is done, as the failpoint `s3/archive/put-object` names it. */
  readonly verb: string;
  /** For errors. */
  readonly operation: string;
}

type Request<T> = (s3: S3, options: { readonly abortSignal?: AbortSignal }) => Promise<T>;

/** A client of one server, which loads its library when it is first asked for something. */
export class S3Connection {
  readonly #location: S3Location;
  readonly #current = new AsyncLocalStorage<Asking>();
  readonly #failpoints: Failpoints;
  #opened: Promise<S3> | undefined;

  constructor(location: S3Location, failpoints: Failpoints = noFailpoints) {
    this.#location = location;
    this.#failpoints = failpoints;
  }

  /** The same as `ask`, for what changes the bucket. */
  async change<T>({ verb, operation }: Change, request: Request<T>, options?: PutOptions): Promise<T> {
    return await this.#failpoints.around(`s3/${verb}`, () => this.ask(operation, request, options));
  }

  /** @throws BackupStorageError; what `fence` throws; the reason of `signal` */
  async ask<T>(operation: string, request: Request<T>, { signal, fence }: PutOptions = {}): Promise<T> {
    this.#opened ??= this.#open();
    const s3 = await this.#opened;
    const asking: Asking = { fence };
    try {
      return await this.#current.run(asking, () => request(s3, signal ? { abortSignal: signal } : {}));
    } catch (error: unknown) {
      if (signal?.aborted) throw signal.reason;
      throw asking.refused === error ? error : asS3Error(operation, error);
    }
  }

  async close(): Promise<void> {
    (await this.#opened)?.destroy();
  }

  async #open(): Promise<S3> {
    // 37 MB, and most Marinas do without.
    const sdk = await import('@aws-sdk/client-s3');
    const { endpoint, region, pathStyle, credentials, certificateAuthority } = this.#location;
    const s3 = new sdk.S3({
      endpoint,
      region,
      forcePathStyle: pathStyle,
      credentials,
      maxAttempts: 3,
      retryMode: 'standard',
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      followRegionRedirects: false,
      // Not every server knows the newer checksums; the signature covers the content, and an archive has its own.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false,
      requestHandler: {
        connectionTimeout: connectMs,
        socketTimeout: idleMs,
        requestTimeout: answerMs,
        throwOnRequestTimeout: true,
        // Not as options: for some requests the library would make an agent that lacks them.
        httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
        httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets, ca: certificateAuthority }),
      },
    });
    // Behind the retries, so that each of them is asked about.
    s3.middlewareStack.add(
      (next) => (args) => {
        passFence(this.#current.getStore());
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'fence' },
    );
    return s3;
  }
}

interface Asking {
  readonly fence: (() => void) | undefined;
  /** What the fence threw: not the server’s. */
  refused?: unknown;
}

function passFence(asking: Asking | undefined): void {
  try {
    asking?.fence?.();
  } catch (error: unknown) {
    if (asking) asking.refused = error;
    throw error;
  }
}
