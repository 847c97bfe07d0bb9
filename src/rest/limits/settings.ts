/** What one process lets through; several replicas let through as much each. */
export interface LimitSettings {
  /** Per user, on average over the window. */
  readonly readsPerSecond: number;
  readonly changesPerSecond: number;
  /** Per source address: tokens that are missing or refused, and those that are not known yet and have to be reviewed. */
  readonly unknownTokensPerSecond: number;
  /** Requests under way at once, of everybody and of one user. */
  readonly inFlight: number;
  readonly inFlightPerUser: number;
  /** Watches and requests that wait, under way at once: of everybody, and of one user. */
  readonly longInFlight: number;
  readonly longInFlightPerUser: number;
}

export const defaultLimits: LimitSettings = {
  readsPerSecond: 100,
  changesPerSecond: 20,
  unknownTokensPerSecond: 5,
  inFlight: 400,
  inFlightPerUser: 50,
  longInFlight: 1_000,
  longInFlightPerUser: 50,
};
