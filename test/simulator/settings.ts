export const systemNamespace = 'marina-system';
export const userNamespace = 'team-a';
/** What production has. */
export const resyncMs = 300_000;
