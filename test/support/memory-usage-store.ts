import type { Changes, Known, UsageStore } from '../../src/usage/changes.ts';
import type { Cursors } from '../../src/usage/cursor.ts';
import type { Sample, Source } from '../../src/usage/sample.ts';

/** As the database does it: cursors move from where they were read, or nothing happens. */
export class MemoryUsageStore implements UsageStore {
  readonly samples: Sample[] = [];
  /** Samples of each commit. */
  readonly commits: number[] = [];
  readonly known = new Map<string, Known>();
  isAway = false;

  async load(uids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    this.answer();
    return new Map(
      [...this.known].filter(([uid, { subject }]) => subject.deletedMs === undefined || uids.includes(uid)),
    );
  }

  async commit({ subjects, moves, samples }: Changes): Promise<'Committed' | 'Overtaken'> {
    this.answer();
    for (const { uid, source, fromMs } of moves)
      if (this.known.get(uid)?.cursors[source]?.untilMs !== fromMs) return 'Overtaken';
    for (const each of subjects) {
      const { subject, cursors = {} } = this.known.get(each.uid) ?? {};
      this.known.set(each.uid, { subject: { ...each, ...subject, ...each }, cursors });
    }
    for (const { uid, source, cursor } of moves) this.moveOn(uid, { [source]: cursor });
    for (const sample of samples) this.samples.push(sample);
    this.commits.push(samples.length);
    return 'Committed';
  }

  /** Somebody else has counted. */
  moveOn(uid: string, cursors: Cursors): void {
    const present = this.known.get(uid);
    if (present) this.known.set(uid, { ...present, cursors: { ...present.cursors, ...cursors } });
  }

  /** Milliseconds that the samples of a source lasted. */
  lasted(source: Source): number {
    let lasted = 0;
    for (const sample of this.samples) if (sample.source === source) lasted += sample.endMs - sample.startMs;
    return lasted;
  }

  private answer(): void {
    if (this.isAway) throw new Error('away');
  }
}
