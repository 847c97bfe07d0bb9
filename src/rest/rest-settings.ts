import type { Environment } from '../config/config.ts';
import { defaultLimits } from './limits/settings.ts';
import type { RestSettings } from './start.ts';

/** One of so many users who ask for all they can get leaves no room to the others. */
const usersInFlight = 8;

/** What the REST API takes from the environment. */
export function restSettings(environment: Environment): RestSettings {
  const { MARINA_API_TLS_CERT_FILE: certFile, MARINA_API_TLS_KEY_FILE: keyFile } = environment;
  return {
    limits: {
      ...defaultLimits,
      readsPerSecond: environment.MARINA_API_READS_PER_SECOND,
      changesPerSecond: environment.MARINA_API_CHANGES_PER_SECOND,
      unknownTokensPerSecond: environment.MARINA_API_UNKNOWN_TOKENS_PER_SECOND,
      inFlight: environment.MARINA_API_MAX_IN_FLIGHT,
      inFlightPerUser: Math.ceil(environment.MARINA_API_MAX_IN_FLIGHT / usersInFlight),
    },
    oidcFile: environment.MARINA_OIDC_FILE,
    tls: certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined,
    trustedProxies: environment.MARINA_API_TRUSTED_PROXIES,
    patienceMs: environment.MARINA_API_DRAIN_SECONDS * 1_000,
  };
}
