import { describe, expect, it } from '@jest/globals';
import { BackupStorageError } from './errors.ts';
import { asS3Error } from './s3-errors.ts';

/** As the client throws what a server answers. */
function answer(httpStatusCode: number, name: string): Error {
  return Object.assign(new Error('as the server put it'), { name, $metadata: { httpStatusCode } });
}

function failure(code: string): Error {
  return Object.assign(new Error('as Node put it'), { code });
}

describe('asS3Error', () => {
  it.each([
    ['NotFound', /no such object/, answer(404, 'NoSuchKey')],
    ['Invalid', /no such bucket/, answer(404, 'NoSuchBucket')],
    ['Invalid', /refuses it \(404\)/, answer(404, 'UnknownError')],
    ['Denied', /needs to write, read, list and delete/, answer(403, 'AccessDenied')],
    ['Denied', /clocks/, answer(403, 'RequestTimeTooSkewed')],
    ['Denied', /405 MethodNotAllowed/, answer(405, 'MethodNotAllowed')],
    ['Full', /quota/, answer(403, 'QuotaExceeded')],
    ['Full', /no room/, answer(507, 'XMinioStorageFull')],
    ['Full', /no room/, answer(507, 'UnknownError')],
    ['Unreachable', /503 SlowDown/, answer(503, 'SlowDown')],
    ['Unreachable', /cannot serve this now/, answer(429, 'TooManyRequests')],
    ['Unreachable', /cannot serve this now \(500\)/, answer(500, 'InternalError')],
    ['Invalid', /another address/, answer(301, 'PermanentRedirect')],
    ['Invalid', /speaks no S3/, answer(200, 'SyntaxError')],
    ['Invalid', /region/, answer(400, 'AuthorizationHeaderMalformed')],
    ['Unreachable', /ECONNREFUSED/, failure('ECONNREFUSED')],
    ['Unreachable', /EAI_AGAIN/, failure('EAI_AGAIN')],
    ['Unreachable', /TimeoutError/, Object.assign(new Error('slow'), { name: 'TimeoutError' })],
    ['Invalid', /certificate/, failure('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
    ['Invalid', /certificate/, failure('DEPTH_ZERO_SELF_SIGNED_CERT')],
    ['Invalid', /certificate/, failure('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['Invalid', /HTTP/, failure('HPE_INVALID_CONSTANT')],
  ] as const)('%# is %s: %s', (code, message, cause) => {
    const error = asS3Error('s3: put a', cause);

    expect(error).toBeInstanceOf(BackupStorageError);
    expect(error).toMatchObject({
      code,
      operation: 's3: put a',
      message: expect.stringMatching(message),
      cause,
    });
  });

  it('says nothing of what the server put into its answer, which changes from one to the next', () => {
    expect(asS3Error('s3: put a', answer(500, 'request 0A1B of host 7 failed'))).toMatchObject({
      message: 's3: put a: the server cannot serve this now (500)',
    });
  });

  it('leaves alone what is of neither a server nor the network', () => {
    const error = new TypeError('a mistake of ours');
    expect(asS3Error('s3: put a', error)).toBe(error);
  });
});
