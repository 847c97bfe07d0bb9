import type { V1TopologySpreadConstraint } from '@kubernetes/client-node';
import type { Deployment } from '../../kube/resources.ts';
import type { CompleteTenant } from '../class/complete.ts';
import { annotations, podSelector, tenantLabels, type TenantNames } from '../names.ts';
import { buildContainers } from './containers.ts';
import { programFlags } from './flags.ts';
import { buildKine } from './kine.ts';
import type { StoreAccess } from './store-access.ts';
import { buildVolumes } from './volumes.ts';

/** Uid and gid of the control-plane processes: `nonroot` of the official images. */
const nonRoot = 65532;

export interface DeploymentInput {
  readonly store: StoreAccess;
  /** Reference of the image that control planes on Postgres have beside their API server. */
  readonly kineImage: string;
  /** Hash of the files that are read at start only; a new one rolls the pods. */
  readonly startupFilesHash: string;
}

/** The control plane of one tenant. The template does not depend on `replicas`: scaling restarts nobody. */
export function buildDeployment(
  tenant: CompleteTenant,
  names: TenantNames,
  input: DeploymentInput,
): Deployment {
  const { store } = input;
  const wish = tenant.spec.controlPlane.deployment;
  const selector = podSelector(names.runtimeId);
  return {
    metadata: {
      name: names.deployment,
      namespace: names.namespace,
      labels: { ...wish.additionalMetadata?.labels, ...tenantLabels(tenant, 'control-plane') },
      annotations: { ...wish.additionalMetadata?.annotations },
    },
    spec: {
      replicas: wish.replicas,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 900,
      selector: { matchLabels: selector },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...wish.podAdditionalMetadata?.labels, ...tenantLabels(tenant, 'control-plane') },
          annotations: {
            ...wish.podAdditionalMetadata?.annotations,
            [annotations.startupFiles]: input.startupFilesHash,
          },
        },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: nonRoot,
            runAsGroup: nonRoot,
            fsGroup: nonRoot,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          ...(store.driver === 'postgres' && { initContainers: [buildKine(store, input.kineImage)] }),
          containers: buildContainers(tenant, store, programFlags(tenant, store)),
          volumes: buildVolumes(names, store),
          topologySpreadConstraints: wish.topologySpreadConstraints ?? defaultSpread(selector),
          ...(wish.affinity && { affinity: wish.affinity }),
          ...(wish.nodeSelector && { nodeSelector: wish.nodeSelector }),
          ...(wish.tolerations && { tolerations: wish.tolerations }),
          ...(wish.imagePullSecrets && { imagePullSecrets: wish.imagePullSecrets }),
          ...(wish.priorityClassName && { priorityClassName: wish.priorityClassName }),
          ...(wish.runtimeClassName && { runtimeClassName: wish.runtimeClassName }),
        },
      },
    },
  };
}

function defaultSpread(matchLabels: Record<string, string>): V1TopologySpreadConstraint[] {
  return ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels },
  }));
}
