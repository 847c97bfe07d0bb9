import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import { isKubeError, type KubeErrorCode } from '../kube/errors.ts';
import { refOf, type KubeObject } from '../kube/resource.ts';
import type { BootstrapObject, BootstrapPhase } from './component.ts';
import { concurrently } from './concurrently.ts';
import { decide } from './decide.ts';
import { gather, nameOf, type LiveObjects } from './gather.ts';
import { bootstrapPhases } from './index.ts';
import { PHASE_LABEL } from './objects.ts';

/** Requests in flight towards one tenant. */
const CONCURRENCY = 8;

export interface BootstrapReport {
  /** One for each of `bootstrapPhases`, in that order. */
  readonly phases: readonly PhaseReport[];
  /** Calls made to the tenant's API server, and how many of them were to change something. */
  readonly requests: number;
  readonly writes: number;
}

export interface PhaseReport {
  readonly phase: BootstrapPhase;
  /** Written, because they were missing or not as they should be. */
  readonly applied: readonly AppliedObject[];
  readonly unchanged: number;
  /** Deleted, because their addon is switched off; e.g. `DaemonSet kube-system/kube-proxy`. */
  readonly removed: readonly string[];
  readonly failed: readonly FailedObject[];
}

export interface AppliedObject {
  /** e.g. `ConfigMap kube-system/kubelet-config` */
  readonly object: string;
  /** Fields that were not as they should be, e.g. `data.kubelet`; empty when the object or its label was missing. */
  readonly paths: readonly string[];
}

export interface FailedObject {
  readonly object: string;
  readonly code: KubeErrorCode;
  readonly message: string;
}

type Result =
  | { readonly result: 'unchanged' | 'removed' }
  | { readonly result: 'applied'; readonly paths: readonly string[] }
  | { readonly result: 'failed'; readonly code: KubeErrorCode; readonly message: string };

type Outcome = Result & { readonly phase: BootstrapPhase; readonly object: string };

type Calls = Pick<KubeClient, 'get' | 'list' | 'apply' | 'delete'>;

/**
 * Makes the tenant cluster hold the given objects, and none that Marina applied before and no longer wants. An object
 * that fails does not hold up the others; it is reported. Rejects only when the caller aborts.
 */
export async function reconcileBootstrap(
  client: KubeClient,
  objects: readonly BootstrapObject[],
  options: CallOptions = {},
): Promise<BootstrapReport> {
  const { calls, counts } = counted(client, options);
  const live = await gather(calls);
  const kept = await concurrently(CONCURRENCY, objects, (object) => reconcile(calls, object, live));
  const dropped = await concurrently(CONCURRENCY, retired(objects, live), (object) => remove(calls, object));
  options.signal?.throwIfAborted();
  return { phases: reports([...kept, ...dropped]), ...counts };
}

async function reconcile(calls: Calls, wanted: BootstrapObject, live: LiveObjects): Promise<Outcome> {
  const { phase, resource, object } = wanted;
  const about = { phase, object: nameOf(resource, object) };
  try {
    return { ...about, ...(await settle(calls, wanted, live.find(resource, object))) };
  } catch (error) {
    return { ...about, ...failure(error) };
  }
}

async function settle(
  calls: Calls,
  wanted: BootstrapObject,
  current: KubeObject | undefined,
): Promise<Result> {
  const { resource, object } = wanted;
  const decision = decide(wanted, current);
  if (decision.action === 'keep') return { result: 'unchanged' };
  if (decision.action === 'wait') {
    const message = `is being deleted and waits for its finalizers: ${decision.finalizers.join(', ')}`;
    return { result: 'failed', code: 'Conflict', message };
  }
  if (decision.action === 'replace') {
    await calls.delete(resource, refOf(object), { uid: current?.metadata?.uid, propagation: 'Background' });
  }
  try {
    await calls.apply(resource, object, { fieldManager });
  } catch (error) {
    if (current || !isKubeError(error, 'Invalid')) throw error;
    // An object without the label is not among those gathered, and this one cannot become what it should be.
    const unlabelled = await calls.get(resource, refOf(object));
    if (!unlabelled) throw error;
    return await settle(calls, wanted, unlabelled);
  }
  return { result: 'applied', paths: decision.paths };
}

/** Objects of Marina's own making that nothing wants any more: of an addon switched off, of an IP family given up. */
function retired(objects: readonly BootstrapObject[], live: LiveObjects): readonly BootstrapObject[] {
  const wanted = new Set(objects.map(({ resource, object }) => nameOf(resource, object)));
  return live.all.flatMap(({ resource, object }) => {
    const phase = bootstrapPhases.find((name) => name === object.metadata?.labels?.[PHASE_LABEL]);
    const stays = wanted.has(nameOf(resource, object)) || object.metadata?.deletionTimestamp;
    return phase && !stays && isApplied(object) ? [{ phase, resource, object }] : [];
  });
}

/** By Marina: a copy that a tenant made has its labels, but another manager. */
function isApplied(object: KubeObject): boolean {
  const entries = (object.metadata?.managedFields ?? []) as readonly {
    manager?: string;
    operation?: string;
  }[];
  return entries.some((entry) => entry.manager === fieldManager && entry.operation === 'Apply');
}

async function remove(calls: Calls, { phase, resource, object }: BootstrapObject): Promise<Outcome> {
  const about = { phase, object: nameOf(resource, object) };
  try {
    await calls.delete(resource, refOf(object), { uid: object.metadata?.uid, propagation: 'Background' });
    return { ...about, result: 'removed' };
  } catch (error) {
    return { ...about, ...failure(error) };
  }
}

function failure(error: unknown): Result {
  if (!isKubeError(error)) throw error;
  return { result: 'failed', code: error.code, message: error.message };
}

function reports(outcomes: readonly Outcome[]): readonly PhaseReport[] {
  return bootstrapPhases.map((phase) => {
    const own = outcomes.filter((outcome) => outcome.phase === phase);
    return {
      phase,
      applied: own
        .filter((outcome) => outcome.result === 'applied')
        .map(({ object, paths }) => ({ object, paths })),
      unchanged: own.filter((outcome) => outcome.result === 'unchanged').length,
      removed: own.filter((outcome) => outcome.result === 'removed').map(({ object }) => object),
      failed: own
        .filter((outcome) => outcome.result === 'failed')
        .map(({ object, code, message }) => ({ object, code, message })),
    };
  });
}

/** The client's calls with the caller's options, counted. */
function counted(client: KubeClient, shared: CallOptions) {
  const counts = { requests: 0, writes: 0 };
  const read = () => {
    counts.requests += 1;
  };
  const write = () => {
    counts.requests += 1;
    counts.writes += 1;
  };
  const calls: Calls = {
    get(resource, ref, options) {
      read();
      return client.get(resource, ref, { ...shared, ...options });
    },
    list(resource, options) {
      read();
      return client.list(resource, { ...shared, ...options });
    },
    apply(resource, object, options) {
      write();
      return client.apply(resource, object, { ...shared, ...options });
    },
    delete(resource, ref, options) {
      write();
      return client.delete(resource, ref, { ...shared, ...options });
    },
  };
  return { calls, counts };
}
