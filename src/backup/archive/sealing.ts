import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { ArchiveError } from './errors.ts';

/**
 * Encrypts a stream to all of the recipients, in the format of age (https://age-encryption.org/v1), so that its own program opens it
 * as well. `recipients` begin with `age1`.
 */
export async function* seal(
  plain: AsyncIterable<Uint8Array>,
  recipients: readonly string[],
): AsyncGenerator<Uint8Array> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  yield* toIterable(await encrypter.encrypt(toStream(plain)));
}

/**
 * What `seal` was given, octet by octet as it is proven genuine. `identity` is the text of an age identity file: lines that begin with
 * `AGE-SECRET-KEY-`, and comments.
 * @throws ArchiveError `Sealed` when no identity fits, `Damaged` when it was changed or cut off
 */
export async function* unseal(
  sealed: AsyncIterable<Uint8Array>,
  identity: string,
): AsyncGenerator<Uint8Array> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  let opened: WebStream<Uint8Array> | undefined;
  try {
    for (const line of identity.split(/\r?\n/)) {
      if (line.startsWith('AGE-SECRET-KEY-')) decrypter.addIdentity(line.trim());
    }
    opened = await decrypter.decrypt(toStream(passing(sealed)));
    yield* toIterable(opened);
  } catch (error: unknown) {
    if (error instanceof SourceError) throw error.cause;
    if (opened)
      throw new ArchiveError('Damaged', `the archive was changed or cut off: ${messageOf(error)}`, {
        cause: error,
      });
    const hint = 'give the identity of one of the recipients that it was written for';
    throw new ArchiveError('Sealed', `the archive does not open (${messageOf(error)}): ${hint}`, {
      cause: error,
    });
  }
}

/** What the storage itself failed with, on its way through age. */
class SourceError extends Error {}

async function* passing(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (cause: unknown) {
    throw new SourceError('the source failed', { cause });
  }
}

function toStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  return Readable.toWeb(Readable.from(source, { objectMode: false }));
}

function toIterable(stream: unknown): AsyncIterable<Uint8Array> {
  return stream as WebStream<Uint8Array>;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
