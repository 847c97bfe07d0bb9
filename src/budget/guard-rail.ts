import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { StorageBudget } from '../api/v1alpha1/storage-budget.ts';
import { contentHash } from '../controlplane/content-hash.ts';
import { storageBudgetPolicy } from '../controlplane/names.ts';
import type { KubeClient } from '../kube/client.ts';
import { isSame } from '../kube/differences.ts';
import {
  validatingAdmissionPolicies,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBindings,
} from '../kube/resources.ts';
import { buildBinding, buildPolicy } from './admission-policy.ts';
import type { PolicyState } from './plan.ts';

const ref = { name: storageBudgetPolicy };

/** The admission policy of a budget inside a tenant's cluster. Its methods reject with a `KubeError`. */
export class GuardRail {
  private readonly client: KubeClient;
  private readonly budget: StorageBudget;
  private readonly signal: AbortSignal;

  constructor(client: KubeClient, budget: StorageBudget, signal: AbortSignal) {
    this.client = client;
    this.budget = budget;
    this.signal = signal;
  }

  /** Tells policies apart that say something else. */
  static hashOf(budget: StorageBudget): string {
    return contentHash([buildPolicy(budget), buildBinding()]);
  }

  async look(): Promise<Exclude<PolicyState, 'Unknown'>> {
    const [policy, binding] = await this.read();
    if (!policy || !binding) return 'Absent';
    return this.isAsWanted(policy, binding) ? 'InPlace' : 'Changed';
  }

  /** Returns the hash of what is in place then. */
  async put(): Promise<string> {
    const { client, budget, signal } = this;
    const [policy, binding] = await this.read();
    // Applying would leave what somebody has added.
    if (!this.isAsWanted(policy, binding)) await this.delete(policy, binding);
    const options = { fieldManager, signal };
    await client.apply(validatingAdmissionPolicies, buildPolicy(budget), options);
    await client.apply(validatingAdmissionPolicyBindings, buildBinding(), options);
    return GuardRail.hashOf(budget);
  }

  /** True. */
  async remove(): Promise<true> {
    await this.delete(...(await this.read()));
    return true;
  }

  private async delete(
    policy: ValidatingAdmissionPolicy | undefined,
    binding: ValidatingAdmissionPolicyBinding | undefined,
  ): Promise<void> {
    const { client, signal } = this;
    if (binding) await client.delete(validatingAdmissionPolicyBindings, ref, { signal });
    if (policy) await client.delete(validatingAdmissionPolicies, ref, { signal });
  }

  /** All of it: a selector that somebody adds would leave nothing that the policy is about. */
  private isAsWanted(
    policy: ValidatingAdmissionPolicy | undefined,
    binding: ValidatingAdmissionPolicyBinding | undefined,
  ): boolean {
    return isSame(buildPolicy(this.budget).spec, policy?.spec) && isSame(buildBinding().spec, binding?.spec);
  }

  private async read() {
    const { client, signal } = this;
    return await Promise.all([
      client.get(validatingAdmissionPolicies, ref, { signal }),
      client.get(validatingAdmissionPolicyBindings, ref, { signal }),
    ]);
  }
}
