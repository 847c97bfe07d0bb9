import { type Cursor, isFarAhead, type Step } from './cursor.ts';

/** For what is known at moments only. */
export interface Moment {
  readonly nowMs: number;
  /** Milliseconds before now that a reading speaks for at most; what lies further back is not known. */
  readonly reachMs: number;
  readonly bornMs: number;
}

/** One pod of the control plane. */
export interface PodReading {
  readonly createdMs: number;
  /** Cores and bytes; left out while nobody has measured it. */
  readonly usage?: { readonly cpuCores: number; readonly memoryBytes: number };
}

/** What a level was between two readings is taken to be what the second one says. Undefined where a pod is not measured: part of the whole is not the whole. */
export function meterResources(
  cursor: Cursor | undefined,
  pods: readonly PodReading[],
  moment: Moment,
): Step<Cursor> | undefined {
  const { nowMs } = moment;
  if (isFarAhead(cursor, nowMs)) return { cursor: { untilMs: nowMs } };
  const startMs = reachedFrom(cursor, moment);
  if (startMs >= nowMs) return undefined;
  let cpuSeconds = 0;
  let memoryByteSeconds = 0;
  for (const { createdMs, usage } of pods) {
    if (!usage) return undefined;
    const seconds = Math.max(0, nowMs - Math.max(startMs, createdMs)) / 1000;
    cpuSeconds += usage.cpuCores * seconds;
    memoryByteSeconds += usage.memoryBytes * seconds;
  }
  const amounts = { cpuSeconds, memoryByteSeconds };
  return { cursor: { untilMs: nowMs }, interval: { startMs, endMs: nowMs, amounts } };
}

/** `bytes`: what the partition takes, as far as that is known. */
export function meterStorage(
  cursor: Cursor | undefined,
  bytes: number | undefined,
  moment: Moment,
): Step<Cursor> | undefined {
  const { nowMs } = moment;
  if (isFarAhead(cursor, nowMs)) return { cursor: { untilMs: nowMs } };
  const startMs = reachedFrom(cursor, moment);
  if (bytes === undefined || startMs >= nowMs) return undefined;
  const storageByteSeconds = (bytes * (nowMs - startMs)) / 1000;
  const amounts = { storageByteSeconds, storageBytes: Math.min(Math.round(bytes), Number.MAX_SAFE_INTEGER) };
  return { cursor: { untilMs: nowMs }, interval: { startMs, endMs: nowMs, amounts } };
}

function reachedFrom(cursor: Cursor | undefined, { nowMs, reachMs, bornMs }: Moment): number {
  return Math.max(cursor?.untilMs ?? bornMs, nowMs - reachMs);
}
