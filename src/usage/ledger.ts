import type { Changes, Known, Move, Subject } from './changes.ts';
import type { Cursor, Cursors, Step } from './cursor.ts';
import {
  behind,
  joined,
  levelSources,
  type Offer,
  type Sample,
  type Source,
  splitAtHours,
} from './sample.ts';

/** Samples that may wait for a store that is away; about 60 MB, and with 1,000 control planes two days. */
export const capacity = 200_000;

/** What is not written yet of one control plane. */
interface Waiting {
  subject?: Subject;
  readonly moves: Map<Source, Move>;
  /** The last one of each source may grow. */
  readonly samples: Map<Source, Sample[]>;
}

/**
 * How far every control plane is counted, and what is not written yet. What goes on in the same hour is joined while it waits, so that an outage
 * costs memory by the hour and not by the minute.
 */
export class Ledger {
  private readonly known: Map<string, Known>;
  /** By UID, those that have waited longest first. */
  private readonly waiting = new Map<string, Waiting>();
  private samples = 0;

  constructor(known: ReadonlyMap<string, Known> = new Map()) {
    this.known = new Map(known);
  }

  /** Samples that are not written yet. */
  get size(): number {
    return this.samples;
  }

  get isWritten(): boolean {
    return this.waiting.size === 0;
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
    this.waitingOf(subject.uid).subject = subject;
  }

  /** `uid` is registered; `offer`: what the control plane runs as. */
  enter(uid: string, source: Source, offer: Offer, step: Step<Cursor> | undefined): void {
    const present = this.known.get(uid);
    if (!present || !step) return;
    const waiting = this.waitingOf(uid);
    const move = waiting.moves.get(source);
    const fromMs = move ? move.fromMs : present.cursors[source]?.untilMs;
    waiting.moves.set(source, { uid, source, fromMs, cursor: step.cursor });
    this.known.set(uid, { ...present, cursors: { ...present.cursors, [source]: step.cursor } });
    if (!step.interval) return;
    const { startMs, endMs, amounts } = step.interval;
    const { className, size } = step.interval.offer ?? offer;
    this.add(waiting, splitAtHours({ uid, source, className, size, startMs, endMs, amounts }));
  }

  /** Levels that wait elsewhere, from where they are counted here. The rest is told by timestamps and counters again. */
  adopt(other: Ledger): void {
    for (const sample of other.changes().samples) {
      const { uid, source, endMs } = sample;
      const subject = this.subject(uid) ?? other.subject(uid);
      const rest = behind(sample, this.cursors(uid)[source]?.untilMs ?? sample.startMs);
      if (!subject || !rest || !levelSources.has(source)) continue;
      this.register(subject);
      const interval = { startMs: rest.startMs, endMs, amounts: rest.amounts };
      this.enter(uid, source, sample, { cursor: { untilMs: endMs }, interval });
    }
  }

  /** What is not written yet of whole control planes, with some `most` samples. The same again until `settled`. */
  changes(most = Infinity): Changes {
    const subjects: Subject[] = [];
    const moves: Move[] = [];
    const samples: Sample[] = [];
    for (const each of this.waiting.values()) {
      if (samples.length >= most) break;
      if (each.subject) subjects.push(each.subject);
      moves.push(...each.moves.values());
      for (const row of each.samples.values()) samples.push(...row);
    }
    return { subjects, moves, samples };
  }

  /** What `changes` said last is written, and nothing was entered meanwhile. */
  settled({ subjects, moves, samples }: Changes): void {
    for (const { uid } of [...subjects, ...moves]) this.waiting.delete(uid);
    this.samples -= samples.length;
  }

  /** One that is gone, of which all is written. */
  forget(uid: string): void {
    if (!this.waiting.has(uid)) this.known.delete(uid);
  }

  private waitingOf(uid: string): Waiting {
    const present = this.waiting.get(uid);
    if (present) return present;
    const waiting: Waiting = { moves: new Map(), samples: new Map() };
    this.waiting.set(uid, waiting);
    return waiting;
  }

  private add({ samples }: Waiting, pieces: readonly Sample[]): void {
    for (const piece of pieces) {
      const row = samples.get(piece.source) ?? [];
      samples.set(piece.source, row);
      const last = row.at(-1);
      const whole = last && joined(last, piece);
      if (whole) row[row.length - 1] = whole;
      else {
        row.push(piece);
        this.samples += 1;
      }
    }
  }
}

function isSame(one: Subject, other: Subject): boolean {
  return one.namespace === other.namespace && one.name === other.name && one.deletedMs === other.deletedMs;
}
