import '../support/one-realm.ts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { parse } from 'yaml';
import { type BackupStorage, backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import { apiVersion } from '../../src/api/v1alpha1/meta.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { events, secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { fileTree } from '../support/file-tree.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { expectRefused } from '../support/refusal.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(120_000);

describe('a BackupStorage', () => {
  const stack = new AsyncDisposableStack();
  let cluster: ManagementCluster;
  let server: S3Server;
  let volume: TemporaryDirectory;
  let identity: string;
  let recipient: string;

  beforeAll(async () => {
    identity = await generateX25519Identity();
    recipient = await identityToRecipient(identity);
    volume = stack.use(await createTemporaryDirectory('backups'));
    server = stack.use(await startS3Server());
    cluster = stack.use(await startManagementCluster());
    stack.defer(await cluster.startMarina({ backupVolume: volume.path }));
  });

  afterAll(() => stack.disposeAsync());

  it('on a volume is Ready once the volume is there, and leaves nothing in it', async () => {
    const spec = { volume: { subPath: 'prod' }, encryption: { recipients: [recipient] } };
    await mkdir(path.join(volume.path, 'prod'));

    await create('on-volume', spec);

    const ready = await readyWhere('on-volume', 'Healthy');
    expect(ready).toMatchObject({ status: 'True', observedGeneration: 1 });
    expect(ready.message).toContain('add spec.encryption.identitySecret');
    expect(await fileTree(volume.path)).toEqual([]);
  });

  it('on S3 says what its Secrets lack until they are right, and tells it as Events', async () => {
    const { endpoint, bucket, credentials, certificateAuthority } = server.location;
    await create('on-s3', {
      s3: {
        endpoint,
        bucket,
        credentialsSecret: { name: 's3-key' },
        certificateAuthoritySecret: { name: 's3-ca' },
      },
      encryption: { recipients: [recipient], identitySecret: { name: 'age-identity' } },
    });

    expect((await readyWhere('on-s3', 'BackupStorageSecretMissing')).message).toContain(
      'marina-system/s3-key',
    );
    await writeSecret('s3-key', { accessKeyId: credentials.accessKeyId });
    expect((await readyWhere('on-s3', 'BackupStorageSecretInvalid')).message).toContain('secretAccessKey');
    await writeSecret('s3-key', { ...credentials, secretAccessKey: 'another' });
    await writeSecret('s3-ca', { 'ca.crt': certificateAuthority });
    await writeSecret('age-identity', { identity });
    expect((await readyWhere('on-s3', 'BackupStorageDenied')).message).toContain('SignatureDoesNotMatch');
    await writeSecret('s3-key', credentials);
    expect((await readyWhere('on-s3', 'Healthy')).message).toContain('Archives can be restored');

    const told = await waitUntil('all of it is told', async () => {
      const { items } = await cluster.client.list(events, { namespace: 'default' });
      const ours = items.filter(({ involvedObject }) => involvedObject.name === 'on-s3');
      return ours.length >= 4 && ours.map(({ type, reason }) => `${type} ${reason}`);
    });
    expect(told.toSorted()).toEqual([
      'Normal Healthy',
      'Warning BackupStorageDenied',
      'Warning BackupStorageSecretInvalid',
      'Warning BackupStorageSecretMissing',
    ]);
    expect(await fileTree(server.dataDirectory)).toEqual([]);
  });

  it('on S3 follows a change of its spec', async () => {
    const { endpoint } = server.location;
    const s3 = { endpoint, bucket: 'none', credentialsSecret: { name: 's3-key' } };
    await writeSecret('s3-key', server.location.credentials);
    await writeSecret('s3-ca', { 'ca.crt': server.location.certificateAuthority });
    const encryption = { recipients: [recipient] };
    await create('changed', { s3: { ...s3, certificateAuthoritySecret: { name: 's3-ca' } }, encryption });
    expect((await readyWhere('changed', 'BackupStorageInvalid')).message).toContain('no such bucket');

    await create('changed', {
      s3: { ...s3, certificateAuthoritySecret: { name: 's3-ca' }, bucket: 'backups' },
      encryption,
    });

    expect(await readyWhere('changed', 'Healthy')).toMatchObject({ status: 'True', observedGeneration: 2 });
  });

  const s3 = { endpoint: 'https://s3.example.com', bucket: 'backups', credentialsSecret: { name: 'key' } };

  it.each([
    ['no place', {}, 'spec', 'needs either `volume` or `s3`'],
    ['two places', { volume: {}, s3 }, 'spec', 'needs either `volume` or `s3`'],
    ['a way up', { volume: { subPath: '../etc' } }, 'spec.volume.subPath', /should match/],
    ['a way up in the middle', { volume: { subPath: 'a/../../etc' } }, 'spec.volume.subPath', /should match/],
    ['an absolute path', { volume: { subPath: '/etc' } }, 'spec.volume.subPath', /should match/],
    [
      'plain HTTP',
      { s3: { ...s3, endpoint: 'http://s3.example.com' } },
      'spec.s3.endpoint',
      '`insecure` be true',
    ],
    ['a path', { s3: { ...s3, endpoint: 'https://s3.example.com/x' } }, 'spec.s3.endpoint', /should match/],
    [
      'a user in the address',
      { s3: { ...s3, endpoint: 'https://a:b@s3.example.com' } },
      'spec.s3.endpoint',
      /should match/,
    ],
    ['no bucket', { s3: { ...s3, bucket: undefined } }, 'spec.s3.bucket', 'Required value'],
    [
      'no recipients',
      { volume: {}, encryption: { recipients: [] } },
      'spec.encryption.recipients',
      'at least 1 item',
    ],
    [
      'a private key',
      { volume: {}, encryption: { recipients: ['AGE-SECRET-KEY-1QQ'] } },
      'spec.encryption.recipients[0]',
      /should match/,
    ],
  ])('is refused for %s', async (_, spec, field, message) => {
    await expectRefused(
      create('refused', { encryption: { recipients: [recipient] }, ...spec }),
      field,
      message,
    );
  });

  it.each(['volume', 's3'])('is as in the sample for %s, once it has a public key', async (place) => {
    const file = path.join(import.meta.dirname, `../../manifests/samples/backup-storage-${place}.yaml`);
    const { spec } = parse(await readFile(file, 'utf8')) as BackupStorage;
    const encryption = { recipients: [recipient] };

    await expectRefused(create('refused', spec), 'spec.encryption.recipients[0]', /should match/);
    await create(`sample-${place}`, { ...spec, encryption });

    expect(Object.keys(spec)).toContain(place);
  });

  async function create(name: string, spec: object): Promise<void> {
    const object = {
      apiVersion,
      kind: 'BackupStorage',
      metadata: { name },
      spec,
    } as unknown as BackupStorage;
    await cluster.client.apply(backupStorages, object, { fieldManager: 'test' });
  }

  async function writeSecret(name: string, files: Readonly<Record<string, string>>): Promise<void> {
    const secret = {
      metadata: { name, namespace: 'marina-system' },
      type: 'Opaque',
      data: encodeData(files),
    };
    await cluster.client.apply(secrets, secret, { fieldManager: 'test' });
  }

  async function readyWhere(name: string, reason: string) {
    return await waitUntil(`BackupStorage ${name} is ${reason}`, async () => {
      const object = await cluster.client.get(backupStorages, { name });
      const ready = findCondition(object?.status?.conditions, 'Ready');
      return ready?.reason === reason && ready;
    });
  }
});
