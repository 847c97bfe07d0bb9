import { DataStoreError } from '../errors.ts';
import type { DataStoreErrorCode } from '../errors.ts';

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const status = {
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** etcd changed users or roles between receiving the call and applying it; the same call made again succeeds. */
const staleAuthentication = 'revision of auth store is old';

interface GrpcFailure {
  /** Undefined for an error that no server or connection gave. */
  readonly status: number | undefined;
  readonly details: string;
}

/** An error of any etcd3 call as one of Marina's. */
export function toDataStoreError(operation: string, error: unknown): DataStoreError {
  if (error instanceof DataStoreError) return error;
  const { code, message } = explain(readFailure(error));
  return new DataStoreError(code, operation, message, { cause: error });
}

/** True when another member, or the same a moment later, may well answer. */
export function isTransient(error: unknown): boolean {
  const { status: code, details } = readFailure(error);
  if (details.includes(staleAuthentication)) return true;
  return code === status.unavailable || code === status.internal || code === status.deadlineExceeded;
}

/** True for an error in which etcd says `message`, e.g. `role name not found`. */
export function says(error: unknown, message: string): boolean {
  return readFailure(error).details.includes(`etcdserver: ${message}`);
}

/** etcd3 keeps neither status nor details but in the text: `14 UNAVAILABLE: No connection established. ...`. */
function readFailure(error: unknown): GrpcFailure {
  const text = error instanceof Error ? error.message : String(error);
  const match = /^(?:\w+: )?(\d{1,2}) [A-Z_]+: ([^]*)$/.exec(text);
  return { status: match?.[1] === undefined ? undefined : Number(match[1]), details: match?.[2] ?? text };
}

interface Explanation {
  readonly code: DataStoreErrorCode;
  readonly message: string;
}

function explain({ status: code, details }: GrpcFailure): Explanation {
  switch (code) {
    case status.unavailable:
      return explainConnection(details);
    case status.deadlineExceeded:
      return { code: 'Unreachable', message: `no answer in time (${details})` };
    case status.unauthenticated:
      return { code: 'Unauthenticated', message: details };
    case status.permissionDenied:
      return {
        code: 'Denied',
        message: `${details}: the client certificate must name a user with the role root`,
      };
    case status.resourceExhausted:
      return {
        code: 'NoSpace',
        message: `${details}: compact, defragment, then disarm the alarm, or raise the quota`,
      };
    case status.internal:
    case undefined:
      break;
  }
  // Also what a caller hears whose own certificate names no user.
  if (details.includes('user name not found')) return { code: 'Denied', message: details };
  if (details.includes('no start line') || details.includes('key values mismatch')) {
    return {
      code: 'Unauthenticated',
      message: `the client certificate or its key cannot be used (${details})`,
    };
  }
  return { code: 'Internal', message: details };
}

function explainConnection(details: string): Explanation {
  const cause = /Last error: (?:Error: )?([^]*?)\.? Resolution note:/.exec(details)?.[1]?.trim() ?? details;
  // OpenSSL: `<thread>:error:<code>:SSL routines:<function>:tlsv1 alert unknown ca:<file>:<line>:SSL alert number 48`.
  const alert = /(?:tls|ssl)v\d+ alert [a-z ]+/.exec(cause)?.[0];
  if (alert)
    return { code: 'Unauthenticated', message: `the store refuses the client certificate (${alert})` };
  if (/certificate|altnames|SSL|EPROTO/i.test(cause)) {
    return { code: 'Unauthenticated', message: `the store's own certificate is not trusted (${cause})` };
  }
  return { code: 'Unreachable', message: cause };
}
