import type { Environment } from '../config/config.ts';
import type { DatabaseAddress } from './connection.ts';

/** Undefined where no database is named. */
export function addressOf(
  environment: Pick<
    Environment,
    | 'MARINA_DATABASE_URL'
    | 'MARINA_DATABASE_CA_FILE'
    | 'MARINA_DATABASE_CERT_FILE'
    | 'MARINA_DATABASE_KEY_FILE'
  >,
): DatabaseAddress | undefined {
  const {
    MARINA_DATABASE_URL: url,
    MARINA_DATABASE_CA_FILE: caFile,
    MARINA_DATABASE_CERT_FILE: certificateFile,
    MARINA_DATABASE_KEY_FILE: keyFile,
  } = environment;
  if (url === undefined) return undefined;
  return {
    url,
    ...(caFile !== undefined && { caFile }),
    ...(certificateFile !== undefined && { certificateFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}
