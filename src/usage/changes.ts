import type { Cursor, Cursors } from './cursor.ts';
import type { Sample, Source } from './sample.ts';

/** One control plane, for as long as its history is kept. */
export interface Subject {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** When something was first made for it. */
  readonly bornMs: number;
  /** When its deletion was asked for; from then on nothing is counted. */
  readonly deletedMs?: number;
}

/** What is known of a control plane that was counted before. */
export interface Known {
  readonly subject: Subject;
  readonly cursors: Cursors;
}

/** A cursor goes on from where it was read. */
export interface Move {
  readonly uid: string;
  readonly source: Source;
  /** Undefined: there was none. */
  readonly fromMs: number | undefined;
  readonly cursor: Cursor;
}

/** What is written together or not at all. */
export interface Changes {
  readonly subjects: readonly Subject[];
  readonly moves: readonly Move[];
  readonly samples: readonly Sample[];
}

/** Where usage is kept. Rejects with an error while it cannot be reached. */
export interface UsageStore {
  /** By UID: of `uids` those that were counted before, and all that are not known to be deleted. */
  load(uids: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  /** `Overtaken`: somebody else has moved one of the cursors meanwhile, and nothing was written. */
  commit(changes: Changes): Promise<'Committed' | 'Overtaken'>;
}

/** Where nothing is kept: counting begins anew with every leader. */
export const forgetfulStore: UsageStore = {
  load: async () => new Map(),
  commit: async () => 'Committed',
};
