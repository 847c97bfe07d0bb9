import '../support/one-realm.ts';
import { jest } from '@jest/globals';
import { S3Storage } from '../../src/backup/storage/s3.ts';
import type { S3Location } from '../../src/backup/storage/s3-location.ts';
import {
  describeObjectStorage,
  type ObjectStorageKind,
} from '../../src/backup/storage/storage.conformance.ts';
import { createAuthority } from '../support/certificates.ts';
import { emptyFolder, fileTree, seedFiles } from '../support/file-tree.ts';
import { freePort } from '../support/ports.ts';
import { startS3Server } from '../support/s3-server.ts';

jest.setTimeout(60_000);

const s3Kind: ObjectStorageKind = {
  name: 'S3',
  async start() {
    await using started = new AsyncDisposableStack();
    const server = started.use(await startS3Server());
    const small = started.use(await startS3Server({ size: '24m' }));
    const readOnly = started.use(await startS3Server({ readOnly: true }));
    const dead = `https://127.0.0.1:${await freePort()}`;
    const stranger = await createAuthority('stranger');
    const open = (change: Partial<S3Location> = {}) => new S3Storage({ ...server.location, ...change });
    const { certificateAuthority: _, ...withoutAuthority } = server.location;
    const credentials = { ...server.location.credentials };
    const parts = started.move();
    return {
      open: () => open({ prefix: 'marina/archives' }),
      snapshot: () => fileTree(server.dataDirectory),
      seed: (keys) => seedFiles(`${server.bucketDirectory}/marina/archives`, keys),
      clear: () => emptyFolder(server.bucketDirectory),
      full: { open: () => new S3Storage(small.location), snapshot: () => fileTree(small.dataDirectory) },
      faulty: {
        wrongKey: {
          code: 'Denied',
          open: () => open({ credentials: { ...credentials, accessKeyId: 'nobody' } }),
        },
        wrongSecret: {
          code: 'Denied',
          open: () => open({ credentials: { ...credentials, secretAccessKey: 'x' } }),
        },
        readOnly: { code: 'Denied', open: () => new S3Storage(readOnly.location) },
        unknownBucket: { code: 'Invalid', open: () => open({ bucket: 'none' }) },
        wrongRegion: { code: 'Invalid', open: () => open({ region: 'eu-north-1' }) },
        foreignServer: { code: 'Invalid', open: () => open({ certificateAuthority: stranger.certificate }) },
        unknownAuthority: { code: 'Invalid', open: () => new S3Storage(withoutAuthority) },
        noTls: {
          code: 'Unreachable',
          open: () => open({ endpoint: server.location.endpoint.replace('https', 'http') }),
        },
        dead: { code: 'Unreachable', open: () => open({ endpoint: dead }) },
        unknownHost: { code: 'Unreachable', open: () => open({ endpoint: 'https://none.invalid' }) },
      },
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  },
};

describeObjectStorage(s3Kind);
