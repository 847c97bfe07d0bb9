/** What passes; any other SQLSTATE is a statement that the server understood and refused (PostgreSQL, appendix A, error codes). */
const passingStates = [
  /^08/, // connection exceptions
  /^25006$/, // read-only: a standby, or a server that was made one
  /^40/, // rolled back for another's sake
  /^53/, // no connections, memory or disk left
  /^55P03$/, // a lock that was not to be had in time
  /^57/, // cancelled, shutting down, starting
  /^58/, // trouble of the system around it
];

/** What pg says of a connection that ended or a time that ran out; these have no code (pg, lib/client.js; pg-pool, index.js). */
const passingMessages =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout exceeded|timeout expired|Cannot use a pool after)/;

interface Trouble {
  readonly message?: string;
  readonly code?: unknown;
  readonly driverError?: unknown;
}

/** Whether an error of TypeORM or pg says that there is no database for now. All others, and those of whoever asked, are not of this kind. */
export function isPassingTrouble(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, driverError, message } = error as Trouble;
  // TypeORM's QueryFailedError.
  if (driverError !== undefined && driverError !== error) return isPassingTrouble(driverError);
  if (typeof code !== 'string') return passingMessages.test(message ?? '');
  if (isSqlState(code)) return passingStates.some((pattern) => pattern.test(code));
  // Of sockets, names and TLS, e.g. ECONNREFUSED, CERT_HAS_EXPIRED.
  return /^[A-Z][A-Z0-9_]+$/.test(code);
}

function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}
