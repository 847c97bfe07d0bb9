import { afterEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../../test/support/certificates.ts';
import type { BackupStorage, BackupStorageSpec } from '../../api/v1alpha1/backup-storage.ts';
import type { Secret } from '../../kube/resources.ts';
import { encodeData } from '../../kube/secret-data.ts';
import { openBackupStorage } from './open.ts';
import { BackupStoragePool, type StorageLocation } from './pool.ts';
import { S3Storage } from './s3.ts';
import { VolumeStorage } from './volume.ts';

const authority = await createAuthority('s3');
const recipients = ['age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'];
const s3 = {
  endpoint: 'https://s3.example.com',
  insecure: false,
  bucket: 'backups',
  prefix: 'marina',
  region: 'eu-central-1',
  pathStyle: true,
  credentialsSecret: { name: 'key' },
  certificateAuthoritySecret: { name: 'ca' },
} as const;
const good = {
  key: { accessKeyId: 'id\n', secretAccessKey: 'secret\n' },
  ca: { 'ca.crt': authority.certificate },
  identity: { identity: '# a file\nAGE-SECRET-KEY-1ABC\n' },
} as const;

const opened: StorageLocation[] = [];
const pool = new BackupStoragePool((location) => {
  opened.push(location);
  return location.kind === 's3' ? new S3Storage(location) : new VolumeStorage(location);
});

afterEach(async () => {
  opened.length = 0;
  await pool.close();
});

function open(
  spec: Partial<BackupStorageSpec>,
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = good,
) {
  const object = { metadata: { name: 'a' }, spec: { encryption: { recipients }, ...spec } } as BackupStorage;
  const reader = {
    get: ({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }) => {
      const files = namespace === 'marina-system' ? secrets[name] : undefined;
      return files && ({ data: encodeData(files) } as Secret);
    },
  };
  return openBackupStorage(object, reader, {
    namespace: 'marina-system',
    volumeDirectory: '/var/lib/marina/backups',
    pool,
  });
}

describe('openBackupStorage', () => {
  it('opens a volume, and needs no Secret for it', () => {
    expect(open({ volume: { subPath: 'prod/east' } }, {})).toMatchObject({ ok: true, recipients });
    expect(opened).toEqual([{ kind: 'volume', directory: '/var/lib/marina/backups', subPath: 'prod/east' }]);
  });

  it('opens a bucket with what the Secrets hold', () => {
    const encryption = { recipients, identitySecret: { name: 'identity' } };

    expect(open({ s3, encryption })).toMatchObject({
      ok: true,
      identity: expect.stringContaining('AGE-SECRET-KEY-1ABC'),
    });

    expect(opened).toEqual([
      {
        kind: 's3',
        endpoint: 'https://s3.example.com',
        bucket: 'backups',
        prefix: 'marina',
        region: 'eu-central-1',
        pathStyle: true,
        credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
        certificateAuthority: authority.certificate.trim(),
      },
    ]);
  });

  it('shares one storage until something of it changes', () => {
    const first = open({ s3 });
    expect(open({ s3 })).toMatchObject({ storage: 'storage' in first && first.storage });
    open({ s3 }, { ...good, key: { accessKeyId: 'id', secretAccessKey: 'renewed' } });
    expect(opened).toHaveLength(2);
  });

  it.each([
    [
      'BackupStorageSecretMissing',
      /marina-system\/key of type Opaque does not exist/,
      { ...good, key: undefined },
    ],
    ['BackupStorageSecretMissing', /marina-system\/ca /, { ...good, ca: undefined }],
    ['BackupStorageSecretMissing', /marina-system\/identity /, { ...good, identity: undefined }],
    [
      'BackupStorageSecretInvalid',
      /accessKeyId and secretAccessKey/,
      { ...good, key: { accessKeyId: 'id' } },
    ],
    ['BackupStorageSecretInvalid', /ca\.crt/, { ...good, ca: { 'ca.crt': 'none' } }],
    ['BackupStorageSecretInvalid', /AGE-SECRET-KEY-1/, { ...good, identity: { identity: 'age1public' } }],
  ] as const)('does not open without what it needs: %s %s', (reason, message, secrets) => {
    const encryption = { recipients, identitySecret: { name: 'identity' } };

    const result = open({ s3, encryption }, secrets as never);

    expect(result).toMatchObject({ ok: false, reason, message: expect.stringMatching(message) });
    expect(opened).toEqual([]);
  });
});
