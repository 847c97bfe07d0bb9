import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { run } from './command.ts';
import { ToolchainError } from './errors.ts';
import type { Release } from './recipes.ts';

const answerTimeout = 3_000;
const answers = new Map<string, Promise<boolean>>();

/** Whether the host of a URL answers; asked once in the life of the process. */
export function isReachable(url: string): Promise<boolean> {
  const origin = new URL(url).origin;
  const known = answers.get(origin);
  if (known) return known;
  const answer = fetch(origin, {
    method: 'HEAD',
    redirect: 'manual',
    signal: AbortSignal.timeout(answerTimeout),
  }).then(
    (response) => response.status < 400,
    () => false,
  );
  answers.set(origin, answer);
  return answer;
}

/**
 * Downloads a release and puts its program at `output`.
 * @throws ToolchainError DownloadFailed; ChecksumMismatch when the file is not what the published checksum says
 */
export async function downloadRelease(release: Release, output: string): Promise<void> {
  const name = path.posix.basename(new URL(release.url).pathname);
  const expected = findChecksum(await (await request(release.checksums)).text(), name);
  if (!expected)
    throw new ToolchainError(
      'DownloadFailed',
      release.checksums,
      `${release.checksums} has no line for ${name}`,
    );

  const file = `${output}.download`;
  const hash = createHash('sha256');
  const response = await request(release.url);
  if (!response.body)
    throw new ToolchainError('DownloadFailed', release.url, `${release.url} answered with no content`);
  const body = Readable.from(response.body).map((chunk: Uint8Array) => {
    hash.update(chunk);
    return chunk;
  });
  await pipeline(body, createWriteStream(file));
  const actual = hash.digest('hex');
  if (actual !== expected) {
    throw new ToolchainError(
      'ChecksumMismatch',
      release.url,
      `${release.url} has SHA-256 ${actual}, ${release.checksums} says ${expected}`,
    );
  }
  await unpack(file, release.member, output);
}

/** @param text one bare hash, or lines of `<hash>  <file>` as sha256sum writes them */
export function findChecksum(text: string, name: string): string | undefined {
  const bare = /^[0-9a-f]{64}$/.exec(text.trim());
  if (bare) return bare[0];
  for (const line of text.split('\n')) {
    const [hash = '', file = ''] = line.trim().split(/\s+\*?/);
    if (path.posix.basename(file) === name && /^[0-9a-f]{64}$/.test(hash)) return hash;
  }
  return undefined;
}

async function unpack(file: string, member: string | undefined, output: string): Promise<void> {
  if (!member) {
    await rename(file, output);
  } else {
    const directory = `${output}.unpacked`;
    await mkdir(directory);
    await run('tar', ['-xzf', file, '-C', directory, member]);
    await rename(path.join(directory, member), output);
    await rm(directory, { recursive: true });
    await rm(file);
  }
  await chmod(output, 0o755);
}

async function request(url: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new ToolchainError('DownloadFailed', url, `${url} does not answer`, { cause });
  }
  if (response.ok) return response;
  throw new ToolchainError('DownloadFailed', url, `${url} answered ${response.status}`);
}
