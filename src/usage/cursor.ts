import type { Amounts, Offer } from './sample.ts';

/** How far one source of one control plane is counted. The next interval begins there or later: nothing is counted twice. */
export interface Cursor {
  readonly untilMs: number;
}

/** Longer than rows wait to be folded: those that are ahead as well are not in the way of others that begin at the same moment. */
const farAheadMs = 600_000;

/** Whether whoever wrote it had a clock that was wrong. Nobody waits for such a cursor who would lose something by it. */
export function isFarAhead(cursor: Cursor | undefined, nowMs: number): boolean {
  return cursor !== undefined && cursor.untilMs - nowMs > farAheadMs;
}

/** With how the control plane has been since: what is not seen goes on as it was. */
export interface ExistenceCursor extends Cursor, Offer {
  readonly isStopped: boolean;
}

/** The request counter of one pod as it was last read. */
export interface RequestCounter {
  /** UID of the pod. */
  readonly pod: string;
  /** Restarts of its API server, as the kubelet counts them. */
  readonly restarts: number;
  /** When the process began, as it says itself. */
  readonly startedMs: number;
  readonly value: number;
  readonly atMs: number;
}

export interface RequestsCursor extends Cursor {
  readonly counters: readonly RequestCounter[];
}

/** Of one control plane; what was never counted has none. */
export interface Cursors {
  readonly existence?: ExistenceCursor;
  readonly resources?: Cursor;
  readonly storage?: Cursor;
  readonly requests?: RequestsCursor;
}

/** What was found out of an interval, and where the next one begins. */
export interface Step<C extends Cursor> {
  readonly cursor: C;
  /** Left out where the cursor moves over nothing. */
  readonly interval?: {
    readonly startMs: number;
    readonly endMs: number;
    readonly amounts: Amounts;
    /** Default: what the control plane runs as now. */
    readonly offer?: Offer;
  };
}
