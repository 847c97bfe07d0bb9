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
};
