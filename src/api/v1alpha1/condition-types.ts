/** Condition types of a TenantControlPlane; kstatus understands Ready, Reconciling and Stalled. */
export const conditionTypes = [
  'Ready',
  'DataStoreReady',
  'EndpointReady',
  'CertificatesReady',
  'WorkloadReady',
  'BootstrapReady',
  'AddonsReady',
  'WithinBudget',
  'ClassApplied',
  'WithinQuota',
  'Expiring',
] as const;

export type ConditionType = (typeof conditionTypes)[number];

/** What `True` means to a user. */
export const conditionMeanings: Readonly<Record<ConditionType, string>> = {
  Ready: 'A worker could join now.',
  DataStoreReady: 'The DataStore answers, and this cluster has its own partition in it.',
  EndpointReady: 'The published address is known and, unless `endpointCheck` is `Skip`, answers.',
  CertificatesReady: 'Roots, certificates and service-account keys are there and none is about to end.',
  WorkloadReady: 'The pods of the current specification run, and their API server is ready.',
  BootstrapReady: 'What `kubeadm join` reads inside the cluster is there and current.',
  AddonsReady: 'The addons are applied as the specification says.',
  WithinBudget: 'The objects of the cluster take no more than `spec.storageBudget`; left out without one.',
  ClassApplied: 'The cluster keeps to its class, and the class is in force; left out without one.',
  WithinQuota: 'The quota of the namespace has room for what is asked for; left out without one.',
  Expiring: 'The cluster will be deleted soon, as `spec.expiresAfter` or its class says; left out before.',
};
