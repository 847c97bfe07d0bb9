import type {
  V1Affinity,
  V1LocalObjectReference,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import { z } from 'zod';
import type { KubeObject, Resource } from '../../kube/resource.ts';
import { addons } from './addons.ts';
import { authentication, issuersApart } from './authentication.ts';
import { admitted, classInForce, classRules } from './class-in-force.ts';
import { className } from './control-plane-class.ts';
import { lifetime } from './duration.ts';
import { extraArgs } from './extra-args.ts';
import { dataStoreName, storeStays } from './data-store-name.ts';
import { labelSelector } from './label-selector.ts';
import {
  apiVersion,
  conditions,
  immutable,
  int64,
  jsonPatchOperation,
  labels,
  labelsAndAnnotations,
  objectName,
  podShaped,
  rules,
} from './meta.ts';
import { network, networkProfile, noHostBits } from './network-profile.ts';
import { registrySettings } from './registry-settings.ts';
import { controlPlaneResources } from './resources.ts';
import { storageBudget, storageBudgetStatus } from './storage-budget.ts';
import { kubernetesVersion } from './versions.ts';

const kubernetes = z.object({
  version: kubernetesVersion
    .optional()
    .describe('Kubernetes version of the control plane, e.g. `v1.36.3`; left out: the default of its class.'),
  kubelet: z
    .object({
      configurationPatches: z
        .array(jsonPatchOperation)
        .max(64)
        .default([])
        .describe('JSON Patch applied to the KubeletConfiguration that joining workers download.'),
      preferredAddressTypes: z
        .array(z.enum(['Hostname', 'InternalIP', 'ExternalIP', 'InternalDNS', 'ExternalDNS']))
        .min(1)
        .max(5)
        .default(['InternalIP', 'ExternalIP', 'Hostname'])
        .meta({ 'x-kubernetes-list-type': 'set' })
        .describe('Order in which the API server picks the address of a node for logs, exec and proxy.'),
    })
    .prefault({})
    .describe('Kubelets of the workers.'),
});

/** The Deployment controller writes it too: neither would ever be content. */
const notTheControllers = {
  rule: "!has(self.additionalMetadata) || !has(self.additionalMetadata.annotations) || self.additionalMetadata.annotations.all(key, !key.startsWith('deployment.kubernetes.io/'))",
  message: 'must have no key of the Deployment controller, deployment.kubernetes.io/...',
  fieldPath: '.additionalMetadata.annotations',
  reason: 'FieldValueForbidden',
} as const;

const deployment = z
  .object({
    replicas: z
      .int32()
      .min(0)
      .max(9)
      .optional()
      .describe(
        'Number of control-plane pods; two or more survive the loss of a node. 0 stops the control plane and keeps its state. ' +
          'Left out: the default of its class, or 1.',
      ),
    registrySettings: registrySettings.prefault({}),
    imagePullSecrets: podShaped<V1LocalObjectReference[]>(
      'array',
      'Secrets with registry credentials, in the namespace where Marina runs control planes.',
    ).optional(),
    resources: controlPlaneResources
      .optional()
      .describe('Requests and limits; Marina’s defaults apply to what is left out.'),
    extraArgs: extraArgs.prefault({}),
    nodeSelector: labels.optional().describe('Labels of the nodes that control-plane pods may run on.'),
    tolerations: podShaped<V1Toleration[]>('array', 'Tolerations of the control-plane pods.').optional(),
    affinity: podShaped<V1Affinity>('object', 'Affinity of the control-plane pods.').optional(),
    topologySpreadConstraints: podShaped<V1TopologySpreadConstraint[]>(
      'array',
      'Spread of the control-plane pods; without it they prefer different nodes and zones.',
    ).optional(),
    priorityClassName: objectName('PriorityClass of the control-plane pods.').optional(),
    runtimeClassName: objectName('RuntimeClass of the control-plane pods.').optional(),
    additionalMetadata: labelsAndAnnotations
      .optional()
      .describe('Labels and annotations of the Deployment; those that Marina sets win.'),
    podAdditionalMetadata: labelsAndAnnotations
      .optional()
      .describe('Labels and annotations of the pods; those that Marina sets win.'),
  })
  .meta(rules(notTheControllers));

/** Where a default is checked by itself (the CRD’s own validation), its fields are not filled in yet. */
const isLoadBalancer = "(!has(self.serviceType) || self.serviceType == 'LoadBalancer')";

const service = z
  .object({
    serviceType: z
      .enum(['ClusterIP', 'NodePort', 'LoadBalancer'])
      .default('LoadBalancer')
      .describe('How the API server is published to workers and users.'),
    additionalMetadata: labelsAndAnnotations
      .optional()
      .describe('Labels and annotations of the Service; those that Marina sets win.'),
    loadBalancerClass: z
      .string()
      .min(1)
      .max(316)
      .optional()
      .meta(
        rules({
          rule: '!format.qualifiedName().validate(self).hasValue()',
          message: 'must be a qualified name, `prefix/name` or `name`',
        }),
      )
      .describe('Which implementation serves the load balancer; left out: the management cluster’s default.'),
    loadBalancerSourceRanges: z
      .array(z.string().max(64).meta(rules(network, noHostBits)))
      .max(16)
      .optional()
      .describe('From where the load balancer lets clients in; left out: from everywhere.'),
    allocateLoadBalancerNodePorts: z
      .boolean()
      .default(true)
      .describe('Whether the load balancer gets node ports; false where it reaches pods directly.'),
  })
  .meta(
    rules(
      {
        rule: `${isLoadBalancer} || !has(self.loadBalancerClass)`,
        message: 'is for serviceType LoadBalancer only',
        fieldPath: '.loadBalancerClass',
        reason: 'FieldValueForbidden',
      },
      {
        rule: `${isLoadBalancer} || !has(self.loadBalancerSourceRanges)`,
        message: 'is for serviceType LoadBalancer only',
        fieldPath: '.loadBalancerSourceRanges',
        reason: 'FieldValueForbidden',
      },
      {
        rule: `${isLoadBalancer} || !has(self.allocateLoadBalancerNodePorts) || self.allocateLoadBalancerNodePorts`,
        message: 'false is for serviceType LoadBalancer only',
        fieldPath: '.allocateLoadBalancerNodePorts',
        reason: 'FieldValueForbidden',
      },
      {
        rule: [
          'self.serviceType != oldSelf.serviceType',
          '!has(self.loadBalancerClass) && !has(oldSelf.loadBalancerClass)',
          'has(self.loadBalancerClass) && has(oldSelf.loadBalancerClass) && self.loadBalancerClass == oldSelf.loadBalancerClass',
        ].join(' || '),
        message: 'can change only together with serviceType',
        fieldPath: '.loadBalancerClass',
      },
    ),
  )
  .describe('How the API server is published.');

/** kube-controller-manager ends at once when no node range fits (pkg/controller/nodeipam/ipam/cidrset). */
const roomForNodes = {
  rule: [
    "self.controlPlane.deployment.extraArgs.controllerManager.exists(a, a.startsWith('--node-cidr-mask-size') || a == '--allocate-node-cidrs=false')",
    'self.networkProfile.podCidrs.all(c, !isCIDR(c) || (cidr(c).ip().family() == 4 ? cidr(c).prefixLength() <= 24 : cidr(c).prefixLength() in [48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64]))',
  ].join(' || '),
  message:
    'must be /24 or larger for IPv4 and /48 to /64 for IPv6, unless --node-cidr-mask-size says how to divide it',
  fieldPath: '.networkProfile.podCidrs',
} as const;

export const tenantControlPlaneSpec = z
  .object({
    dataStore: dataStoreName.optional(),
    dataStoreSelector: labelSelector
      .optional()
      .describe('Labels of the DataStores that Marina may choose among where `dataStore` is left out.'),
    storageBudget: storageBudget.optional(),
    className: className
      .optional()
      .describe(
        'Name of the ControlPlaneClass that this control plane keeps to; once that is in force it stays.',
      ),
    size: className.optional().describe('Name of a size of its class; left out: the default of the class.'),
    expiresAfter: lifetime
      .optional()
      .describe(
        'How long the control plane lives from its creation on, e.g. `8h`; then it is deleted. Left out: as long as its class allows, or for ever.',
      ),
    kubernetes: kubernetes.prefault({}).describe('Version and node settings of the cluster.'),
    controlPlane: z
      .object({
        deployment: deployment.prefault({}).describe('Pods of the control plane.'),
        service: service.prefault({}),
      })
      .prefault({})
      .describe('What runs in the management cluster.'),
    networkProfile: networkProfile.prefault({}),
    certificates: z
      .object({
        keyAlgorithm: z
          .enum(['ECDSA-P256', 'RSA-2048'])
          .default('ECDSA-P256')
          .meta(rules(immutable))
          .describe('Algorithm of every key that Marina makes for this cluster.'),
      })
      .prefault({})
      .describe('Keys and certificates that Marina makes.'),
    authentication: authentication
      .prefault({})
      .describe('Who may sign in besides certificates, bootstrap tokens and service accounts.'),
    serviceAccountIssuers: z
      .array(
        z
          .string()
          .max(512)
          .meta(
            rules({
              rule: "isURL(self) && url(self).getScheme() == 'https' && url(self).getHost() != ''",
              message: 'must be an https URL',
            }),
          ),
      )
      .max(8)
      .default([])
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe(
        'Further issuers that the API server accepts in service-account tokens; the first one issues when set.',
      ),
    addons: addons
      .prefault({})
      .describe('What Marina installs inside the tenant cluster besides what joining needs.'),
  })
  .meta(rules(roomForNodes, issuersApart, storeStays, ...classRules));

const secretKeyReference = z.object({
  name: z.string().max(253).describe('Name of the Secret.'),
  key: z.string().max(253).describe('Key in its data.'),
});

export const timelineSteps = [
  'Accepted',
  'EndpointAssigned',
  'CertificatesIssued',
  'PartitionReady',
  'WorkloadCreated',
  'ApiServerReady',
  'Bootstrapped',
  'AddonsApplied',
  'Ready',
] as const;

export const migrationPhases = ['Copying', 'ReadOnly', 'Switched', 'Complete'] as const;

const time = z.string().max(64).meta({ format: 'date-time' });

const migration = z
  .object({
    from: z.string().max(63).describe('DataStore that keeps the state until it is switched.'),
    to: z.string().max(63).describe('DataStore that keeps it from then on.'),
    phase: z
      .enum(migrationPhases)
      .describe(
        '`Copying`: the cluster goes on. `ReadOnly`: it can be read, until what changed last is copied and compared. `Switched`: pods on the new ' +
          'store are starting. `Complete`: they serve; the partition in the old store is kept, read-only.',
      ),
    message: z.string().max(2048).optional().describe('How it goes, or what holds it up.'),
    hasTarget: z.boolean().optional().describe('Whether there may be a partition in the new store.'),
    entries: int64.min(0).optional().describe('Keys that were compared before the switch.'),
    contentSha256: z.string().max(64).optional().describe('SHA-256 over them, the same in both stores.'),
    startedAt: time.describe('When it began.'),
    readOnlySince: time.optional().describe('When writes were last stopped.'),
    switchedAt: time.optional().describe('When the new store became the one that counts.'),
    completedAt: time.optional().describe('When pods on it first served.'),
    readOnlyMilliseconds: int64.min(0).optional().describe('How long nothing could be written.'),
  })
  .describe('The move to another DataStore, after `spec.dataStore` was changed.');

export const tenantControlPlaneStatus = z.object({
  observedGeneration: int64.optional().describe('metadata.generation that this status is about.'),
  phase: z
    .enum(['Pending', 'Provisioning', 'Ready', 'Degraded', 'Stopped', 'Deleting'])
    .optional()
    .describe('One word for people; machines read the conditions.'),
  conditions: conditions.optional(),
  runtimeId: z
    .string()
    .max(63)
    .optional()
    .describe('Name of this cluster’s objects in the control-plane namespace and of its partition.'),
  rootsFingerprint: z
    .string()
    .max(64)
    .optional()
    .describe('SHA-256 over the root certificates and keys that this cluster was made with.'),
  bootstrapHash: z
    .string()
    .max(64)
    .optional()
    .describe(
      'SHA-256 of the objects that Marina last wrote inside the cluster; tells a change of theirs from one of Marina’s.',
    ),
  controlPlaneEndpoint: z
    .string()
    .max(320)
    .optional()
    .describe('`host:port` that workers and users connect to.'),
  version: z.string().max(128).optional().describe('Version that the running API server reports.'),
  replicas: z.int32().min(0).optional().describe('Control-plane pods that exist.'),
  readyReplicas: z.int32().min(0).optional().describe('Control-plane pods that are ready.'),
  selector: z
    .string()
    .max(1024)
    .optional()
    .describe('Label selector of the control-plane pods, for the scale subresource.'),
  adminKubeconfig: secretKeyReference
    .optional()
    .describe('Secret beside this object that holds the admin kubeconfig.'),
  dataStore: z.string().max(63).optional().describe('DataStore that keeps the state of this cluster.'),
  runningOn: z
    .string()
    .max(63)
    .optional()
    .describe('DataStore that all pods of the last finished rollout are on.'),
  migration: migration.optional(),
  storageBudget: storageBudgetStatus.optional(),
  class: classInForce.optional(),
  admitted: admitted.optional(),
  expiresAt: time.optional().describe('When the control plane will be deleted.'),
  expiryWarnedAt: time
    .optional()
    .describe(
      'When it was first said that it will be soon; it is not deleted before that has been known for a while.',
    ),
  restoredBy: z
    .string()
    .max(64)
    .optional()
    .describe('UID of the TenantRestore that the contents of this cluster last came from.'),
  certificates: z
    .array(
      z.object({
        name: z.string().max(63).describe('Name of its file.'),
        notAfter: z.string().max(64).meta({ format: 'date-time' }).describe('When it ends.'),
      }),
    )
    .max(32)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('When each certificate ends.'),
  timeline: z
    .array(
      z.object({
        step: z.enum(timelineSteps).describe('What was reached.'),
        time: z.string().max(64).meta({ format: 'date-time' }).describe('When.'),
        milliseconds: int64
          .min(0)
          .describe('Since the object was created or, for an object seen late, since Marina first saw it.'),
      }),
    )
    .max(16)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['step'] })
    .describe('When each step was first reached.'),
});

export type TenantControlPlaneSpec = z.output<typeof tenantControlPlaneSpec>;
export type TenantControlPlaneStatus = z.output<typeof tenantControlPlaneStatus>;
export type Migration = z.output<typeof migration>;
export type TimelineStep = (typeof timelineSteps)[number];

/** What users write; every default is filled in by the API server. */
export interface TenantControlPlane extends KubeObject {
  spec: TenantControlPlaneSpec;
  status?: TenantControlPlaneStatus;
}

export const tenantControlPlanes: Resource<TenantControlPlane> = {
  apiVersion,
  kind: 'TenantControlPlane',
  plural: 'tenantcontrolplanes',
  namespaced: true,
};
