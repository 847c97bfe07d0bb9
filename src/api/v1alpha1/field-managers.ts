/** Field manager (KEP-555) of every object that Marina applies, in the management cluster and inside tenants. */
export const fieldManager = 'marina';

/** Of the status of its own kinds: apart, so that an apply of the one never gives up the other. */
export const statusFieldManager = 'marina-status';

/** Of `spec.dataStore` where Marina chose it: apart from the user's, whose next apply is not to take it away. */
export const placementFieldManager = 'marina-placement';
