import type { Subject } from './changes.ts';
import { type Existence, meterExistence } from './existence.ts';
import type { Ledger } from './ledger.ts';
import { meterResources, meterStorage, type PodReading } from './levels.ts';
import { meterRequests, type RequestReading } from './requests.ts';

/** One that is there no more, as it was last. */
export interface Departed {
  readonly subject: Subject;
  readonly existence: Existence;
}

/** What is seen of a control plane. */
export interface Look extends Departed {
  /** Undefined where nobody measures pods. */
  readonly pods: readonly PodReading[] | undefined;
  /** Undefined where it is not known. */
  readonly storageBytes: number | undefined;
}

export interface LookedAt {
  readonly nowMs: number;
  /** Milliseconds before now that a look speaks for at most. */
  readonly reachMs: number;
}

/** Nothing is counted of one that was seen deleted. */
export function enterLook(
  ledger: Ledger,
  look: Look,
  requests: readonly RequestReading[],
  at: LookedAt,
): void {
  const { subject, existence } = look;
  const { uid, bornMs } = subject;
  if (ledger.subject(uid)?.deletedMs !== undefined) return;
  enterExistence(ledger, look, at);
  if (subject.deletedMs !== undefined) return;
  enterLevels(ledger, look, at);
  const nowMs = Math.max(...requests.map(({ atMs }) => atMs));
  const step = meterRequests(ledger.cursors(uid).requests, requests, { bornMs, nowMs });
  ledger.enter(uid, 'requests', existence, step);
}

export function enterExistence(ledger: Ledger, { subject, existence }: Departed, { nowMs }: LookedAt): void {
  const { uid } = subject;
  if (ledger.subject(uid)?.deletedMs !== undefined) return;
  ledger.register(subject);
  ledger.enter(uid, 'existence', existence, meterExistence(ledger.cursors(uid).existence, existence, nowMs));
}

/** What is not known any more if it is not entered now. */
export function enterLevels(ledger: Ledger, look: Look, at: LookedAt): void {
  const { subject, existence, pods, storageBytes } = look;
  const { uid, bornMs, deletedMs } = subject;
  if (deletedMs !== undefined) return;
  const { resources, storage } = ledger.cursors(uid);
  const moment = { ...at, bornMs };
  ledger.register(subject);
  if (pods) ledger.enter(uid, 'resources', existence, meterResources(resources, pods, moment));
  ledger.enter(uid, 'storage', existence, meterStorage(storage, storageBytes, moment));
}
