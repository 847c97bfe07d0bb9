import type { Changes, Known, Move, Subject } from './changes.ts';
import type { Cursor, Cursors, Step } from './cursor.ts';
import { joined, type Offer, type Sample, type Source, splitAtHours } from './sample.ts';

/** Samples that wait for their store; about 60 MB, and with 1,000 control planes two days. */
export const capacity = 200_000;

/**
 * How far every control plane is counted, and what is not written yet. What goes on in the same hour is joined while it waits, so that an outage
 * costs memory by the hour and not by the minute.
 */
export class Ledger {
  private readonly known: Map<string, Known>;
  private readonly subjects = new Map<string, Subject>();
  private readonly moves = new Map<string, Move>();
  /** The last one of each uid and source may grow. */
  private readonly samples = new Map<string, Sample[]>();
  private waiting = 0;

  constructor(known: ReadonlyMap<string, Known>) {
    this.known = new Map(known);
  }

  get size(): number {
    return this.waiting;
  }

  subject(uid: string): Subject | undefined {
    return this.known.get(uid)?.subject;
  }

  all(): Iterable<Known> {
    return this.known.values();
  }

  cursors(uid: string): Cursors {
    return this.known.get(uid)?.cursors ?? {};
  }

  register(subject: Subject): void {
    const present = this.known.get(subject.uid);
    if (present && isSame(present.subject, subject)) return;
    this.known.set(subject.uid, { subject, cursors: present?.cursors ?? {} });
    this.subjects.set(subject.uid, subject);
  }

  /** `uid` is registered; `offer`: what the control plane is ordered as. */
  enter(uid: string, source: Source, offer: Offer, step: Step<Cursor> | undefined): void {
    const present = this.known.get(uid);
    if (!present || !step) return;
    const key = `${uid} ${source}`;
    const fromMs = this.moves.has(key) ? this.moves.get(key)?.fromMs : present.cursors[source]?.untilMs;
    this.moves.set(key, { uid, source, fromMs, cursor: step.cursor });
    this.known.set(uid, { ...present, cursors: { ...present.cursors, [source]: step.cursor } });
    if (!step.interval) return;
    const { startMs, endMs, amounts } = step.interval;
    const { className, size } = step.interval.offer ?? offer;
    this.add(key, splitAtHours({ uid, source, className, size, startMs, endMs, amounts }));
  }

  /** All that is not written yet; the same again until `settled`. */
  changes(): Changes {
    return {
      subjects: [...this.subjects.values()],
      moves: [...this.moves.values()],
      samples: [...this.samples.values()].flat(),
    };
  }

  /** What `changes` said last is written. */
  settled(): void {
    this.subjects.clear();
    this.moves.clear();
    this.samples.clear();
    this.waiting = 0;
  }

  private add(key: string, pieces: readonly Sample[]): void {
    const row = this.samples.get(key) ?? [];
    this.samples.set(key, row);
    for (const piece of pieces) {
      const last = row.at(-1);
      const whole = last && joined(last, piece);
      if (whole) row[row.length - 1] = whole;
      else {
        row.push(piece);
        this.waiting += 1;
      }
    }
  }
}

function isSame(one: Subject, other: Subject): boolean {
  return one.namespace === other.namespace && one.name === other.name && one.deletedMs === other.deletedMs;
}
