/** What Marina remembers of the last look into a tenant cluster, so that it need not look again at every event. */
export interface TenantMemory {
  /** Hash of what the objects that should be there depend on: cheaper than to build them. */
  readonly inputHash: string;
  /** Which API server processes were serving; a new one may have lost what was being written. */
  readonly incarnations: string;
  readonly checkedAtMs: number;
}

/**
 * Whether the objects inside the tenant have to be compared now: at birth, after a change of what is wanted, after a
 * restart of an API server, and every `resyncMs`.
 */
export function needsLook(
  memory: TenantMemory | undefined,
  current: Pick<TenantMemory, 'inputHash' | 'incarnations'>,
  nowMs: number,
  resyncMs: number,
): boolean {
  if (!memory) return true;
  if (memory.inputHash !== current.inputHash || memory.incarnations !== current.incarnations) return true;
  return nowMs - memory.checkedAtMs >= resyncMs;
}
