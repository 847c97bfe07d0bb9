import { DataStoreError } from '../errors.ts';
import type { DataStoreErrorCode } from '../errors.ts';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const state = {
  readOnly: '25006',
  refused: '28000',
  wrongPassword: '28P01',
  noSuchDatabase: '3D000',
  serialization: '40001',
  deadlock: '40P01',
  denied: '42501',
  noSuchTable: '42P01',
  duplicateDatabase: '42P04',
  duplicateObject: '42710',
  uniqueViolation: '23505',
  diskFull: '53100',
  tooManyConnections: '53300',
  objectInUse: '55006',
  lockNotAvailable: '55P03',
  canceled: '57014',
  shutdown: '57P01',
  crash: '57P02',
  starting: '57P03',
  databaseDropped: '57P04',
  internal: 'XX000',
} as const;

/** The same call made again, on this server or on another, may well succeed. */
const transientStates: ReadonlySet<string> = new Set([
  state.readOnly,
  state.serialization,
  state.deadlock,
  // Somebody else made it after it was found missing.
  state.duplicateDatabase,
  state.duplicateObject,
  state.uniqueViolation,
  state.tooManyConnections,
  state.objectInUse,
  state.lockNotAvailable,
  state.shutdown,
  state.crash,
  state.starting,
]);

/** What the network says of a server that is not there. */
const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

interface Explanation {
  readonly code: DataStoreErrorCode;
  readonly message: string;
}

/** An error of any call of `pg` as one of Marina's. */
export function toDataStoreError(operation: string, error: unknown): DataStoreError {
  if (error instanceof DataStoreError) return error;
  const { code, message } = explain(codeOf(error), messageOf(error));
  return new DataStoreError(code, operation, message, { cause: error });
}

/** Runs a call of `pg`; what it throws is a DataStoreError. `operation` says what is tried, e.g. `create role abc`. */
export async function wrapError<T>(operation: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw toDataStoreError(`postgres: ${operation}`, error);
  }
}

/** True when another server, or the same a moment later, may well answer. */
export function isTransient(error: unknown): boolean {
  const cause = error instanceof DataStoreError && error.cause !== undefined ? error.cause : error;
  const code = codeOf(cause);
  if (code === undefined) return isConnectionLoss(messageOf(cause));
  if (code === state.internal) return isConcurrentUpdate(messageOf(cause));
  return code.startsWith('08') || transientStates.has(code) || networkCodes.has(code);
}

/** True when the table that was asked for is not there. */
export function isMissingTable(error: unknown): boolean {
  return hasState(error, state.noSuchTable);
}

/** True when who called may not come in at all, or no longer: no such role or database, no right to connect. */
export function isShutOut(error: unknown): boolean {
  const states = [state.refused, state.noSuchDatabase, state.denied, state.databaseDropped, state.shutdown];
  return states.some((one) => hasState(error, one));
}

function hasState(error: unknown, wanted: string): boolean {
  return codeOf(error instanceof DataStoreError ? error.cause : error) === wanted;
}

function explain(code: string | undefined, text: string): Explanation {
  switch (code) {
    case state.readOnly:
      return {
        code: 'Unreachable',
        message: `only a read-only server answers (${text}): promote it, or add the primary's endpoint`,
      };
    case state.refused:
      return {
        code: 'Denied',
        message: `${text}: the certificate's common name must be a role that pg_hba.conf lets in by \`cert\``,
      };
    case state.wrongPassword:
      return { code: 'Unauthenticated', message: text };
    case state.denied:
      return { code: 'Denied', message: `${text}: Marina's role must be a superuser` };
    case state.diskFull:
      return {
        code: 'NoSpace',
        message: `${text}: enlarge the volume, or delete what is not needed and VACUUM`,
      };
    case state.tooManyConnections:
      return {
        code: 'Unreachable',
        message: `${text}: raise max_connections, or move tenants to another store`,
      };
    case state.canceled:
    case state.lockNotAvailable:
      return { code: 'Unreachable', message: `no answer in time (${text})` };
    case state.shutdown:
    case state.crash:
    case state.starting:
      return { code: 'Unreachable', message: text };
    default:
      return explainConnection(code, text);
  }
}

function explainConnection(code: string | undefined, text: string): Explanation {
  const isTls =
    code !== undefined && /^(ERR_SSL|ERR_TLS|UNABLE_TO|CERT_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code);
  // OpenSSL: `<thread>:error:<code>:SSL routines:<function>:tlsv1 alert unknown ca:<file>:<line>:SSL alert number 48`.
  const alert = /(?:tls|ssl)v\d+ alert [a-z ]+/.exec(text)?.[0];
  if (alert) {
    return { code: 'Unauthenticated', message: `the store refuses the client certificate (${alert})` };
  }
  if (code === 'Unreadable' || code?.startsWith('ERR_OSSL')) {
    return { code: 'Unauthenticated', message: `the client certificate or its key cannot be used (${text})` };
  }
  if (isTls)
    return { code: 'Unauthenticated', message: `the store's own certificate is not trusted (${text})` };
  if (text.includes('does not support SSL')) {
    return {
      code: 'Unauthenticated',
      message: `${text}: set ssl = on, ssl_cert_file, ssl_key_file, ssl_ca_file`,
    };
  }
  if (text.includes('password must be a string')) {
    return {
      code: 'Unauthenticated',
      message: 'the server asks for a password: pg_hba.conf must say `cert`',
    };
  }
  if (code?.startsWith('08') || (code !== undefined && networkCodes.has(code)) || isConnectionLoss(text)) {
    return { code: 'Unreachable', message: text };
  }
  return { code: 'Internal', message: text };
}

/** `pg` has no codes for these. */
function isConnectionLoss(text: string): boolean {
  return /^Connection terminated|^timeout |read timeout$|connection error and is not queryable/.test(text);
}

/** Two callers changed the same row of a catalog; `CREATE ROLE` and `GRANT` do not wait for each other. */
function isConcurrentUpdate(text: string): boolean {
  return /^tuple concurrently (updated|deleted)/.test(text);
}

function codeOf(error: unknown): string | undefined {
  const code = read(firstOf(error), 'code');
  return typeof code === 'string' ? code : undefined;
}

function messageOf(error: unknown): string {
  const message = read(firstOf(error), 'message');
  return typeof message === 'string' ? message : String(error);
}

/** A name with several addresses fails at each of them. */
function firstOf(error: unknown): unknown {
  const errors = read(error, 'errors');
  return Array.isArray(errors) && errors.length > 0 ? (errors[0] as unknown) : error;
}

/** Errors of sockets and of TLS can be of another realm, so that they are no `Error` here. */
function read(error: unknown, property: string): unknown {
  return typeof error === 'object' && error !== null
    ? (error as Record<string, unknown>)[property]
    : undefined;
}
