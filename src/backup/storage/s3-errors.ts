import { BackupStorageError, type BackupStorageErrorCode } from './errors.ts';

interface Meaning {
  readonly code: BackupStorageErrorCode;
  readonly message: string;
}

const denied = 'the server denies it: the access key needs to write, read, list and delete in this bucket';
const full = 'the server has no room, or a quota is used up: enlarge it, or keep fewer archives';
const away = 'the server cannot serve this now';

/** Codes of the S3 API and of servers that speak it, where they say more than the status of the answer. */
const byName: Readonly<Record<string, Meaning>> = {
  NoSuchKey: { code: 'NotFound', message: 'there is no such object' },
  NotFound: { code: 'NotFound', message: 'there is no such object' },
  NoSuchBucket: { code: 'Invalid', message: 'there is no such bucket: make it, or name another' },
  InvalidAccessKeyId: { code: 'Denied', message: 'the server does not know the access key' },
  XAdminUserNotFound: { code: 'Denied', message: 'the server does not know the access key' },
  SignatureDoesNotMatch: { code: 'Denied', message: 'the secret access key is not that of the access key' },
  RequestTimeTooSkewed: {
    code: 'Denied',
    message: 'the clocks of the server and of Marina’s node are too far apart: set them right',
  },
  AuthorizationHeaderMalformed: { code: 'Invalid', message: 'the region is not that of the bucket' },
  QuotaExceeded: { code: 'Full', message: full },
  QuotaExceededException: { code: 'Full', message: full },
  NoSpaceLeftOnDevice: { code: 'Full', message: full },
  XMinioStorageFull: { code: 'Full', message: full },
  XMinioAdminBucketQuotaExceeded: { code: 'Full', message: full },
};

const byStatus: Readonly<Record<number, Meaning>> = {
  401: { code: 'Denied', message: denied },
  403: { code: 'Denied', message: denied },
  405: { code: 'Denied', message: denied },
  408: { code: 'Unreachable', message: away },
  429: { code: 'Unreachable', message: away },
  507: { code: 'Full', message: full },
};

/** Of OpenSSL and Node about the server’s certificate, and of a server that does not speak TLS. */
const tlsCode = /CERT|SELF_SIGNED|^UNABLE_TO_|^INVALID_|^HOSTNAME_|^ERR_TLS_|^ERR_SSL_|^EPROTO$/;

/** What a request to an S3 server failed with, told for people; errors that are of neither the network nor a server are as they were. */
export function asS3Error(operation: string, error: unknown): unknown {
  if (!isError(error) || error instanceof BackupStorageError) return error;
  const status = statusOf(error);
  const meaning = status === undefined ? ofNetwork(error) : ofAnswer(error.name, status);
  if (!meaning) return error;
  return new BackupStorageError(meaning.code, operation, meaning.message, { cause: error });
}

/** Of whatever realm: errors of Node’s core are not of ours under jest. */
function isError(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error;
}

function ofAnswer(name: string, status: number): Meaning {
  const known = byName[name] ?? byStatus[status];
  const said =
    /^[A-Za-z0-9]{1,64}$/.test(name) && !/Error$/.test(name) ? `${status} ${name}` : String(status);
  if (known) return { ...known, message: `${known.message} (${said})` };
  if (status >= 500) return { code: 'Unreachable', message: `${away} (${said})` };
  if (status < 400)
    return {
      code: 'Invalid',
      message: `the server sends to another address, or speaks no S3: name the one that it has (${said})`,
    };
  return { code: 'Invalid', message: `the server refuses it (${said})` };
}

function ofNetwork(error: Error): Meaning | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  if (tlsCode.test(code)) {
    const message = `the server’s certificate is not one that Marina trusts, or it speaks no TLS (${code})`;
    return { code: 'Invalid', message };
  }
  if (code.startsWith('HPE_')) {
    return { code: 'Invalid', message: `the server does not speak HTTP (${code})` };
  }
  // A TypeError and its kind are ours.
  if (code === error.name && code !== 'TimeoutError') return undefined;
  return { code: 'Unreachable', message: `the server does not answer (${code})` };
}

/** Of the answer, also of one that is no S3. */
function statusOf(error: Error): number | undefined {
  const { $metadata: metadata, $response: response } = error as {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly $response?: { readonly statusCode?: number };
  };
  return metadata?.httpStatusCode ?? response?.statusCode;
}
