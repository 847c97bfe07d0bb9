import { X509Certificate } from 'node:crypto';
import type { BackupStorage, BackupStorageSpec } from '../../api/v1alpha1/backup-storage.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import type { Secret } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import type { BackupStoragePool, StorageLocation } from './pool.ts';
import type { S3Location } from './s3-location.ts';
import type { ObjectStorage } from './storage.ts';

export type OpenedBackupStorage =
  | {
      readonly ok: true;
      /** Shared; closed by the pool. Nothing has been asked of it yet. */
      readonly storage: ObjectStorage;
      /** age recipients, `age1…`. */
      readonly recipients: readonly string[];
      /** Text of an age identity file; undefined where no Secret is named. */
      readonly identity?: string;
    }
  | UnopenedBackupStorage;

export interface UnopenedBackupStorage {
  readonly ok: false;
  readonly reason: 'BackupStorageSecretMissing' | 'BackupStorageSecretInvalid';
  readonly message: string;
}

/** Opaque Secrets of Marina’s own namespace. */
export interface SecretReader {
  get(ref: ObjectRef): Secret | undefined;
}

export interface BackupStorageSettings {
  /** Marina’s own, where the Secrets of BackupStorages are. */
  readonly namespace: string;
  /** Where the volume is mounted. */
  readonly volumeDirectory: string;
  readonly pool: BackupStoragePool;
}

/** From a BackupStorage object and the Secrets that it names to an open storage. Connects to nothing. */
export function openBackupStorage(
  object: BackupStorage,
  secrets: SecretReader,
  { namespace, volumeDirectory, pool }: BackupStorageSettings,
): OpenedBackupStorage {
  const { spec, metadata } = object;
  const read: ReadSecret = (name, keys) => readSecret(secrets, { namespace, name }, keys);
  const location = locate(spec, read, volumeDirectory);
  if (!location.ok) return location;
  const identity = readIdentity(spec.encryption.identitySecret?.name, read);
  if (!identity.ok) return identity;
  const storage = pool.use(metadata?.name ?? '', location.value);
  const { recipients } = spec.encryption;
  return { ok: true, storage, recipients, ...(identity.value !== undefined && { identity: identity.value }) };
}

type Reading<T> = { readonly ok: true; readonly value: T } | UnopenedBackupStorage;
type ReadSecret = (name: string, keys: readonly string[]) => Reading<readonly string[]>;

function locate(
  spec: BackupStorageSpec,
  read: ReadSecret,
  volumeDirectory: string,
): Reading<StorageLocation> {
  const { volume, s3 } = spec;
  if (!s3) {
    return { ok: true, value: { kind: 'volume', directory: volumeDirectory, ...volume } };
  }
  const location = s3Location(s3, read);
  return location.ok ? { ok: true, value: { kind: 's3', ...location.value } } : location;
}

function s3Location(spec: NonNullable<BackupStorageSpec['s3']>, read: ReadSecret): Reading<S3Location> {
  const { endpoint, bucket, prefix, region, pathStyle, credentialsSecret, certificateAuthoritySecret } = spec;
  const credentials = read(credentialsSecret.name, ['accessKeyId', 'secretAccessKey']);
  if (!credentials.ok) return credentials;
  const authority = readAuthority(certificateAuthoritySecret?.name, read);
  if (!authority.ok) return authority;
  const [accessKeyId = '', secretAccessKey = ''] = credentials.value;
  return {
    ok: true,
    value: {
      endpoint,
      bucket,
      ...(prefix !== undefined && { prefix }),
      region,
      pathStyle,
      credentials: { accessKeyId, secretAccessKey },
      ...(authority.value !== undefined && { certificateAuthority: authority.value }),
    },
  };
}

function readAuthority(name: string | undefined, read: ReadSecret): Reading<string | undefined> {
  if (name === undefined) return { ok: true, value: undefined };
  const reading = read(name, ['ca.crt']);
  if (!reading.ok) return reading;
  const [certificate = ''] = reading.value;
  return isCertificate(certificate)
    ? { ok: true, value: certificate }
    : invalid(`Key ca.crt of Secret ${name} is no certificate in PEM.`);
}

function readIdentity(name: string | undefined, read: ReadSecret): Reading<string | undefined> {
  if (name === undefined) return { ok: true, value: undefined };
  const reading = read(name, ['identity']);
  if (!reading.ok) return reading;
  const [identity = ''] = reading.value;
  return /^AGE-SECRET-KEY-1\S+$/m.test(identity)
    ? { ok: true, value: identity }
    : invalid(`Key identity of Secret ${name} has no line that begins with AGE-SECRET-KEY-1.`);
}

/** Values of the keys, without white space around them, which files and editors leave. */
function readSecret(
  secrets: SecretReader,
  ref: { readonly namespace: string; readonly name: string },
  keys: readonly string[],
): Reading<readonly string[]> {
  const secret = secrets.get(ref);
  const where = `Secret ${ref.namespace}/${ref.name}`;
  if (!secret) {
    return {
      ok: false,
      reason: 'BackupStorageSecretMissing',
      message: `${where} of type Opaque does not exist.`,
    };
  }
  const data = decodeData(secret);
  const values = keys.map((key) => data[key]?.trim() ?? '');
  return values.every((value) => value !== '')
    ? { ok: true, value: values }
    : invalid(`${where} needs ${keys.length === 1 ? 'the key' : 'the keys'} ${keys.join(' and ')}.`);
}

function invalid(message: string): UnopenedBackupStorage {
  return { ok: false, reason: 'BackupStorageSecretInvalid', message };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== '';
  } catch {
    return false;
  }
}
