import type { StorageBudget } from '../api/v1alpha1/storage-budget.ts';
import { storageBudgetPolicy } from '../controlplane/names.ts';
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../kube/resources.ts';

/** Who keeps a cluster going: what they write replaces, or is bounded by what there is. */
const steady = {
  users: ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'marina'],
  groups: ['system:nodes', 'system:bootstrappers', 'system:serviceaccounts:kube-system'],
} as const;

/** Never refused: nodes, leases and volumes keep workers and their pods alive; the others are questions, of which nothing is stored. */
const free = [
  { apiGroups: [''], resources: ['nodes'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'] },
  { apiGroups: ['storage.k8s.io'], resources: ['volumeattachments'] },
  { apiGroups: ['authentication.k8s.io', 'authorization.k8s.io'], resources: ['*'] },
] as const;

/** Updates that end in less, or are on the way there. */
const towardsLess = [
  'has(oldObject.metadata.deletionTimestamp)',
  'has(oldObject.metadata.finalizers) && (!has(object.metadata.finalizers) || size(object.metadata.finalizers) < size(oldObject.metadata.finalizers))',
  // A scale to 0 comes without the field.
  'has(oldObject.spec) && has(object.spec) && has(oldObject.spec.replicas) && (has(object.spec.replicas) ? object.spec.replicas : 0) < oldObject.spec.replicas',
] as const;

const everything = { apiGroups: ['*'], apiVersions: ['*'], scope: '*' };

/**
 * Refuses what would add to what the cluster keeps. Deletions and `status` are none of its business: it does not match them.
 * Admission policies cannot guard themselves (KEP-3488), so this is a guard-rail; the wall is the store.
 */
export function buildPolicy(budget: StorageBudget): ValidatingAdmissionPolicy {
  return {
    metadata: { name: storageBudgetPolicy },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        resourceRules: [
          { ...everything, operations: ['CREATE', 'UPDATE'], resources: ['*'] },
          { ...everything, operations: ['UPDATE'], resources: ['*/scale'] },
        ],
        excludeResourceRules: free.map(({ apiGroups, resources }) => ({
          ...everything,
          apiGroups: [...apiGroups],
          resources: [...resources],
          operations: ['*'],
        })),
      },
      matchConditions: [
        {
          name: 'not-of-the-control-plane',
          expression: `!(request.userInfo.username in ${listOf(steady.users)})`,
        },
        {
          name: 'not-of-nodes-and-controllers',
          expression: `!has(request.userInfo.groups) || !request.userInfo.groups.exists(group, group in ${listOf(steady.groups)})`,
        },
      ],
      validations: [
        {
          expression: `request.operation == 'UPDATE' && (${towardsLess.map((each) => `(${each})`).join(' || ')})`,
          message: `this cluster has spent its storage budget (${describe(budget)}): delete something, or ask who runs it for more`,
          reason: 'Forbidden',
        },
      ],
    },
  };
}

export function buildBinding(): ValidatingAdmissionPolicyBinding {
  return {
    metadata: { name: storageBudgetPolicy },
    spec: { policyName: storageBudgetPolicy, validationActions: ['Deny'] },
  };
}

/** e.g. `512Mi, 20000 objects` */
export function describe({ bytes, objects }: StorageBudget): string {
  const parts = [bytes, objects !== undefined ? `${objects} objects` : undefined];
  return parts.filter((part) => part !== undefined).join(', ');
}

function listOf(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`;
}
