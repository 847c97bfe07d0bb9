import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Entry } from '../../datastore/driver.ts';
import type { Manifest } from './manifest.ts';
import { openArchive, verifyArchive } from './read.ts';
import { type ArchiveSummary, writeArchive } from './write.ts';

const manifest: Manifest = {
  format: 'marina.dev/backup/v1',
  takenAt: '2026-11-21T08:00:00Z',
  tenant: { namespace: 'team-a', name: 'demo', uid: '5f0c9a4e-2d39-4f0e-9a53-3b8c4b6f7a10', runtimeId: 'x' },
  dataStore: { name: 'default', driver: 'etcd', version: '3.7.3' },
  revision: '4711',
  kubernetesVersion: 'v1.36.3',
  controlPlane: { spec: { kubernetes: { version: 'v1.36.3' } } },
  roots: { 'ca.key': 'secret' },
  rootsFingerprint: 'f'.repeat(64),
};

const entries: readonly Entry[] = [
  { key: 'configmaps/default/é', value: Buffer.from([0, 255, 10, 13, 34]) },
  { key: 'events/default/soon-gone', value: Buffer.from('k8s\0'), ttlSeconds: 1234 },
  { key: 'secrets/default/empty', value: Buffer.alloc(0) },
  { key: 'secrets/default/large', value: randomBytes(400_000) },
  ...Array.from({ length: 500 }, (_, index) => ({ key: `z/${index}`, value: randomBytes(300) })),
];

describe('an archive', () => {
  let identity: string;
  let recipient: string;
  let stored: Buffer;
  let summary: ArchiveSummary;

  beforeAll(async () => {
    identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    ({ stored, summary } = await write(entries));
  });

  it('gives back what went in', async () => {
    const open = await openArchive(chunks(stored), identity);
    expect(open.manifest).toEqual(manifest);
    expect((await collect(open.pages)).flat()).toEqual(entries);
  });

  it('is summed up by what is in it and by what is stored', async () => {
    expect(summary.bytes).toBe(stored.length);
    expect(summary.contents).toMatchObject({ entries: entries.length });
    expect((await verifyArchive(chunks(stored), identity)).contents).toEqual(summary.contents);
    expect((await write(entries)).summary.contents).toEqual(summary.contents);
  });

  it('can be of an empty partition', async () => {
    const empty = await write([]);
    expect((await verifyArchive(chunks(empty.stored), identity)).contents.entries).toBe(0);
  });

  it('hides everything from whoever has no identity', () => {
    for (const word of ['team-a', 'ca.key', 'configmaps']) expect(stored.includes(word)).toBe(false);
  });

  it('opens for each of several recipients, with comments around the identity', async () => {
    const other = await generateX25519Identity();
    const both = await write(entries, [recipient, await identityToRecipient(other)]);
    for (const one of [identity, `# made for a test\n\n${other}\n`]) {
      expect((await verifyArchive(chunks(both.stored), one)).contents).toEqual(both.summary.contents);
    }
  });

  it.each(['another', 'no identity at all', ''])('stays shut for %j', async (text) => {
    const wrong = text === 'another' ? await generateX25519Identity() : text;
    await expect(openArchive(chunks(stored), wrong)).rejects.toMatchObject({ code: 'Sealed' });
  });

  it('is damaged wherever it is cut off', async () => {
    for (const share of [0.3, 0.6, 0.9, 0.999]) {
      const part = stored.subarray(0, Math.floor(stored.length * share));
      await expect(verifyArchive(chunks(part), identity)).rejects.toMatchObject({ code: 'Damaged' });
    }
    await expect(verifyArchive(chunks(stored.subarray(0, -1)), identity)).rejects.toMatchObject({
      code: 'Damaged',
    });
  });

  it('is damaged wherever an octet is changed behind its header', async () => {
    for (const share of [0.1, 0.5, 0.99]) {
      const changed = Buffer.from(stored);
      const at = Math.floor(changed.length * share);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(verifyArchive(chunks(changed), identity)).rejects.toMatchObject({ code: 'Damaged' });
    }
  });

  it('of another format is refused before anything is read from it', async () => {
    const later = { ...manifest, format: 'marina.dev/backup/v2' } as unknown as Manifest;
    const foreign = await write(entries, [recipient], later);
    await expect(openArchive(chunks(foreign.stored), identity)).rejects.toMatchObject({ code: 'Foreign' });
  });

  it('passes on what the storage failed with', async () => {
    async function* failing() {
      yield stored.subarray(0, stored.length / 2);
      throw new Error('the bucket is gone');
    }
    await expect(verifyArchive(failing(), identity)).rejects.toThrow('the bucket is gone');
  });

  it('is not written to its end when the store fails', async () => {
    async function* failing() {
      yield entries.slice(0, 3);
      throw new Error('the store is gone');
    }
    await expect(collect(writeArchive(manifest, failing(), [recipient]))).rejects.toThrow(
      'the store is gone',
    );
  });

  async function write(all: readonly Entry[], recipients = [recipient], head = manifest) {
    const writing = writeArchive(head, pagesOf(all), recipients);
    const parts: Uint8Array[] = [];
    for (;;) {
      const next = await writing.next();
      if (next.done) return { stored: Buffer.concat(parts), summary: next.value };
      parts.push(next.value);
    }
  }
});

async function* pagesOf(all: readonly Entry[]): AsyncGenerator<readonly Entry[]> {
  for (let start = 0; start < all.length; start += 100) yield all.slice(start, start + 100);
}

async function* chunks(stored: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < stored.length; start += 10_007) yield stored.subarray(start, start + 10_007);
}

async function collect<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const one of source) all.push(one);
  return all;
}
