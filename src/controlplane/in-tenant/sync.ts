import { fieldManager } from '../../api/v1alpha1/field-managers.ts';
import { type BootstrapReport, reconcileBootstrap } from '../../bootstrap/apply.ts';
import type { BootstrapObject, BootstrapPhase } from '../../bootstrap/component.ts';
import { BootstrapError } from '../../bootstrap/errors.ts';
import { buildBootstrapObjects } from '../../bootstrap/index.ts';
import type { BootstrapInput } from '../../bootstrap/input.ts';
import { checkJoinable } from '../../bootstrap/readiness.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { done, failed, type StepResult, waiting } from '../component.ts';
import { contentHash } from '../content-hash.ts';
import { soon } from './backoff.ts';

const addonPhases: ReadonlySet<BootstrapPhase> = new Set(['coredns', 'kube-proxy']);

/** What one look into the tenant cluster came to. */
export interface InTenantResult {
  readonly bootstrap: StepResult;
  readonly addons: StepResult;
  /** What was not there or not as it should be, and was written: e.g. `ConfigMap kube-system/kubelet-config (data.kubelet)`. */
  readonly written: { readonly bootstrap: readonly string[]; readonly addons: readonly string[] };
}

export const nothingWritten: InTenantResult['written'] = { bootstrap: [], addons: [] };

export type BuildResult =
  | { readonly ok: true; readonly objects: readonly BootstrapObject[]; readonly hash: string }
  | { readonly ok: false; readonly problem: InTenantResult };

/** The objects of the tenant cluster, or the condition that says why they cannot be built. */
export function buildInTenant(input: BootstrapInput): BuildResult {
  try {
    const objects = buildBootstrapObjects(input);
    return { ok: true, objects, hash: contentHash(objects) };
  } catch (error: unknown) {
    if (!(error instanceof BootstrapError)) throw error;
    const problem = failed(error.code, `${error.phase}: ${error.message}. ${error.whatToDo}`);
    const isAddon = addonPhases.has(error.phase);
    const other = waiting('BlockedBySpec', `Nothing is written while ${error.phase} cannot be built.`);
    return {
      ok: false,
      problem: {
        bootstrap: isAddon ? other : problem,
        addons: isAddon ? problem : other,
        written: nothingWritten,
      },
    };
  }
}

export interface InTenantDependencies {
  /** Reaches one API server of the tenant directly. */
  readonly direct: KubeClient;
  /** Reaches them through the Service, as everybody else does. */
  readonly throughService: KubeClient;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Makes the tenant cluster joinable and says whether it is. Everything is written to an API server that answers already;
 * one write then goes through the Service, because Ready promises that way.
 */
export async function syncInTenant(
  input: BootstrapInput,
  objects: readonly BootstrapObject[],
  dependencies: InTenantDependencies,
): Promise<InTenantResult> {
  const { direct, throughService, now, signal } = dependencies;
  const report = await reconcileBootstrap(direct, objects, { signal });
  const joinable = await checkJoinable(direct, {
    now,
    endpoint: input.endpoint,
    certificateAuthority: input.certificateAuthority,
  });
  const bootstrapProblem = problemIn(report, false);
  const result = {
    addons: problemIn(report, true) ?? done(undefined),
    written: { bootstrap: writtenIn(report, false), addons: writtenIn(report, true) },
  };
  if (bootstrapProblem) return { ...result, bootstrap: bootstrapProblem };
  if (!joinable.joinable) return { ...result, bootstrap: waiting(joinable.reason, joinable.message, soon) };
  return { ...result, bootstrap: await writeThroughService(throughService, objects, signal) };
}

async function writeThroughService(
  client: KubeClient,
  objects: readonly BootstrapObject[],
  signal: AbortSignal,
): Promise<StepResult> {
  const probe = objects.find(({ phase }) => phase === 'cluster-info');
  if (!probe) return done(undefined);
  try {
    await client.apply(probe.resource, probe.object, { fieldManager, signal, timeoutMs: 5000 });
    return done(undefined);
  } catch (error: unknown) {
    if (!isKubeError(error) || error.code === 'Aborted') throw error;
    if (error.code !== 'Unreachable' && error.code !== 'Timeout') {
      // An answer, and it is no: by a webhook or a policy of the tenant’s.
      return failed('ApplyFailed', `${probe.phase}: ${error.message}`, error);
    }
    // The node programs the Service's addresses after the pod is ready; nothing tells when it is done.
    return waiting(
      'ServiceUnreachable',
      `The API server does not answer through its Service yet: ${error.message}`,
      soon,
    );
  }
}

function problemIn(report: BootstrapReport, addons: boolean): StepResult<never> | undefined {
  for (const phase of report.phases) {
    const [first] = phase.failed;
    if (!first || addonPhases.has(phase.phase) !== addons) continue;
    return failed(
      'ApplyFailed',
      `${phase.phase}: ${first.object}: ${first.message}`,
      new Error(first.message),
    );
  }
  return undefined;
}

function writtenIn(report: BootstrapReport, addons: boolean): string[] {
  return report.phases
    .filter(({ phase }) => addonPhases.has(phase) === addons)
    .flatMap(({ applied }) =>
      applied.map(({ object, paths }) => (paths.length > 0 ? `${object} (${paths.join(', ')})` : object)),
    );
}
