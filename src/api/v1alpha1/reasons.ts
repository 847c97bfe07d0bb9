/**
 * Every reason that a condition may have, with what it means. Reasons of the kubelet, the scheduler and the Deployment
 * controller that Marina passes on are among them.
 */

/** Things are as the specification wants them. */
export const wantedReasons = {
  Joinable: 'A worker can join now.',
  AsExpected: 'This part is as it should be.',
  Healthy:
    'Every endpoint of the store answers; its history is compacted. Of a BackupStorage: archives can be kept in it.',
  BackedUp: 'The newest archive that was due is there.',
  Restored: 'The contents of the archive are in place.',
  Issued: 'The kubeconfig is in its Secret, and what it is to give is bound.',
  Paused: 'The rollout of the class is paused by its own `spec.rollout.paused`.',
  Stopped: '`spec.controlPlane.deployment.replicas` is 0: the state is kept, nothing runs.',
} as const;

/** Belong to a birth, a change or a deletion, and pass by themselves. */
export const passingReasons = {
  ServicePending: 'The Service of the API server is being made.',
  ClusterIPPending: 'The Service has no cluster IP yet.',
  NodePortPending: 'The Service has no node port yet.',
  LoadBalancerPending: 'The load balancer has no address yet.',
  EndpointPending: 'The published address is not known yet.',
  CertificatesPending: 'Certificates wait for the roots or the published address.',
  DeploymentPending: 'There is no Deployment yet.',
  StartPending: 'Other control planes start first.',
  ApiServerPending: 'This part waits for the API server.',
  ApiServerStarting: 'The API server is starting.',
  ApiServerNotReady: 'The API server runs, but says that it cannot serve.',
  RollingOut: 'Some replicas do not run yet what is wanted, or are not ready.',
  ServiceUnreachable: 'The API server answers at its pod, and not through its Service.',
  EndpointUnreachable: 'The published address does not answer.',
  EndpointNotReady: 'What answers at the published address says that it is not ready.',
  ClusterInfoMissing: 'ConfigMap `kube-public/cluster-info` has no kubeconfig.',
  ClusterInfoOutdated: 'ConfigMap `kube-public/cluster-info` holds another address or root certificate.',
  TokenNotSigned: 'A bootstrap token has no signature in `kube-public/cluster-info` yet.',
  BlockedBySpec: 'Nothing is written inside the cluster while another part cannot be built.',
  PutBack: 'Something was changed inside the cluster by hand and has just been put back.',
  CacheBehind: 'What Marina made or read has changed meanwhile; it looks again at once.',
  Scheduled: 'The first archive is not due yet.',
  TenantPending: 'There is no state of the control plane to save yet.',
  RestorePending: 'The control plane waits for the contents of an archive.',
  Verifying: 'The archive is being read to its end, before anything is changed.',
  Stopping: 'The control plane that gets the contents is being stopped.',
  Loading: 'The contents are being written.',
  DataStoreUnchecked: 'The DataStore has been changed, and is looked at before it is used.',
  AdmissionPending: 'This part waits until class and quota let the control plane in.',
  ExpiresSoon: 'The life of the control plane is nearly over: it will be deleted.',
  PlacementPending: 'This part waits for a DataStore.',
  Deleting: 'The control plane is being deleted.',
  KubeconfigsPending: 'Not every TenantKubeconfig of the template is Ready yet.',
  Expired: 'The life of the kubeconfig is over; the object goes an hour later.',
} as const;

/** Last until a person does something; docs/runbooks says what. */
export const lastingReasons = {
  RootsMissing: 'The Secret with the root keys is gone.',
  RootsChanged: 'The Secret with the root keys is not the one that the cluster was made with.',
  RootsInvalid: 'The Secret with the root keys does not fit together.',

  DataStoreNotFound: 'There is no DataStore of the name in `spec.dataStore`.',
  DataStoreSecretMissing: 'A Secret that the DataStore names does not exist.',
  DataStoreSecretInvalid: 'A Secret that the DataStore names lacks `tls.crt` or `tls.key`.',
  DataStoreUnhealthy: 'The DataStore of this cluster is not Ready.',
  DataStoreUnreachable: 'The store does not answer.',
  DataStoreUnauthenticated: 'The store and Marina do not accept each other’s certificates.',
  DataStoreDenied: 'The store refuses what its root user asks for.',
  DataStoreNoSpace: 'The store is full and takes no writes.',
  DataStoreUnsupported: 'The store lacks something that keeps tenants apart.',
  DataStoreInternal: 'The store answers with an error that Marina does not know.',
  Unhealthy: 'The store does not answer, or says why no tenant should be put there.',
  EndpointsUnhealthy: 'The store works, but not all of its members do.',
  StoreChanged: 'What answers is another store than the one that the DataStore was.',
  SpaceLow: 'More than 70 % of what the store may take on its disk is taken.',
  SpaceVeryLow:
    'More than 85 % of what the store may take on its disk is taken; no more control planes are placed there.',
  ConnectionsLow: 'More than 70 % of the store’s connections are in use.',
  ConnectionsVeryLow:
    'More than 85 % of the store’s connections are in use; no more control planes are placed there.',
  NoDataStoreFits: 'No DataStore is fit for a control plane that names none.',
  ClassNotFound: 'There is no ControlPlaneClass of the name in `spec.className`.',
  OutsideClass: 'The specification asks for something that the class does not offer.',
  QuotaExceeded: 'The ControlPlaneQuotas of the namespace have no room for what is asked for.',
  RolloutFailed: 'Control planes did not become Ready with the newest generation of their class in time.',
  BackupRefused:
    'A TenantBackup that a class asks for is refused, or its name is taken by one that is not the class’s.',

  CompactionStalled: 'The history of a shared store could not be removed for 15 minutes.',

  TenantNotFound:
    'There is no TenantControlPlane of the name in `spec.tenantControlPlane` or `spec.controlPlaneName`.',
  ScheduleInvalid: '`spec.schedule` is no time, or in no known time zone.',
  BackupStorageNotFound: 'There is no BackupStorage of that name, or no archive in it where one should be.',
  BackupStorageSecretMissing: 'A Secret that the BackupStorage names does not exist.',
  BackupStorageSecretInvalid: 'A Secret that the BackupStorage names lacks a key, or holds something else.',
  BackupStorageUnreachable: 'The storage does not answer, or fails.',
  BackupStorageDenied: 'The storage refuses Marina’s credential, or takes no writes.',
  BackupStorageFull: 'The storage has no room for more archives.',
  BackupStorageInvalid:
    'The BackupStorage says something that is not so: no such bucket or volume, another region or certificate.',
  ArchiveSealed: 'No identity of the BackupStorage opens the archive.',
  ArchiveDamaged: 'The archive is not as it was written.',
  ArchiveForeign: 'The file is no archive, or one of a later version of Marina.',
  ArchiveNotFound: 'There is no such archive, or it is of a tenant of another namespace.',
  RestoreRefused: 'The archive cannot be restored into that control plane.',

  AddressMissing: 'A NodePort needs an address, and none is set.',
  AddressUnresolved: 'The published name does not resolve to an IP address.',
  KubeconfigNotWritten: 'The Secret of a kubeconfig is somebody else’s, or may not be written.',
  ClusterRoleNotFound: 'There is no ClusterRole of the name in `spec.clusterRole` inside the tenant cluster.',
  NamespaceNotFound: 'There is no namespace of a name in `spec.namespaces` inside the tenant cluster.',
  KubeconfigRefused:
    'A TenantKubeconfig of the template is refused, or its name is taken by one that is not the template’s.',

  BudgetExceeded:
    'The cluster takes more than `spec.storageBudget`; its API server refuses what would add to it.',
  WriteLimitEnforcedAtStore:
    'The cluster takes more than `spec.storageBudget` and its admission policy was removed or does not help: nothing can be written.',

  ServiceInvalid:
    'The API server of the management cluster refuses the Service, as for a port that is out of its range or taken.',
  SpecInvalid:
    'The specification says something that the schema cannot refuse and nothing can be built from.',
  DeploymentInvalid:
    'The API server of the management cluster refuses a pod-shaped setting of the specification.',
  PatchFailed: 'A patch of the specification does not fit what it is for.',
  UnsupportedVersion: 'Marina does not know this version of Kubernetes.',

  ServiceFailed: 'The management cluster refuses or fails a call about the Service.',
  PartitionFailed: 'The management cluster refuses or fails a call about the credential for the store.',
  RootsFailed: 'The management cluster refuses or fails a call about the roots.',
  CertificatesFailed: 'The management cluster refuses or fails a call about the certificates.',
  KubeconfigFailed: 'The management cluster refuses or fails a call about the admin kubeconfig.',
  DeploymentFailed: 'The management cluster refuses or fails a call about the Deployment.',

  TenantUnreachable: 'The API server is ready for the kubelet, and fails or does not answer Marina.',
  ApplyFailed: 'The API server of the tenant refuses an object of Marina’s.',

  PodsStuck: 'The control plane is being deleted, and nothing ends its pods.',
  ObjectsKept: 'The control plane is being deleted, and finalizers of others keep objects of it.',

  Unschedulable: 'No node has room for the pod, or none may take it.',
  NodeLost: 'The node of the pod no longer reports to the management cluster.',
  CrashLoopBackOff: 'A container ends again and again.',
  RunContainerError: 'A container cannot be started.',
  CreateContainerError: 'A container cannot be made.',
  CreateContainerConfigError: 'A Secret or ConfigMap that a container needs cannot be read.',
  ErrImagePull: 'An image cannot be pulled.',
  ImagePullBackOff: 'An image cannot be pulled.',
  ErrImageNeverPull: 'An image is not on the node, and the pull policy forbids to pull it.',
  InvalidImageName: 'The name of an image is none.',
  FailedCreate: 'The pods are refused: by a quota, an admission webhook or pod security.',
  ReplicaFailure: 'The Deployment controller cannot make or remove pods.',
} as const;

/** Of Events only. */
export const eventReasons = {
  Migrating: 'The control plane begins to move to another DataStore.',
  Switched: 'Its state is the same in both stores, and the new one counts from now on.',
  Migrated: 'Its pods serve from the new store.',
  MigrationAborted: 'The move was given up; the control plane is where it was.',
  PartitionDiscarded: 'The partition in the store from before a move was removed.',
  BudgetNearlySpent: 'More than 80 % of `spec.storageBudget` is spent.',
  WithinBudget: 'The cluster takes no more than its budget again; everything can be written.',
  KubeconfigIssued: 'A client certificate was signed for a TenantKubeconfig.',
  StrayAccessLeft:
    'The cluster has more bindings with the labels of kubeconfigs than are looked at after a restore.',
  LifetimeOver: 'The life of the control plane was over, and it was deleted.',
  Ready: 'A worker can join now, and could not before.',
  Orphaned: 'An object carries the labels of a control plane that does not exist.',
  Drift: 'Something was changed inside the cluster by hand, and has been put back.',
  PartitionAbandoned: 'A control plane was deleted without its partition, as its annotation allowed.',
  PartitionNotFound: 'The store of a deleted control plane had been made anew, and held nothing of it.',
} as const;

export type WantedReason = keyof typeof wantedReasons;
export type PassingReason = keyof typeof passingReasons;
export type LastingReason = keyof typeof lastingReasons;
export type Reason = WantedReason | PassingReason | LastingReason;

/** Also true of a reason that is not known here, as one written by a newer Marina may be. */
export function needsPerson(reason: string): boolean {
  return !Object.hasOwn(wantedReasons, reason) && !Object.hasOwn(passingReasons, reason);
}

export function isLastingReason(reason: string | undefined): reason is LastingReason {
  return reason !== undefined && Object.hasOwn(lastingReasons, reason);
}
