import type { Clock } from '../engine/clock.ts';
import type { Log } from '../engine/log.ts';
import type { KubeClient } from './client.ts';
import { isKubeError } from './errors.ts';
import type { KubeObject } from './resource.ts';
import { events, type Event } from './resources.ts';

export type EventType = 'Normal' | 'Warning';

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Who reports, e.g. `marina-controller`. */
  readonly component: string;
  /** Which process of it, e.g. the pod's name. */
  readonly instance: string;
}

/** One Event object, as written or to be written; what was said first, and what is said now. */
interface Entry {
  readonly event: Event;
  message: string;
  count: number;
  lastTimestamp: string;
  isStored: boolean;
}

/** client-go's limits (tools/record/events_cache.go): 25 at once for one object, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 300_000;
const REMEMBERED = 4_096;
const MAX_WAITING = 1_000;
/** What the API allows (core validation/events.go). */
const MAX_REASON = 128;
const MAX_MESSAGE = 1_024;

/**
 * Writes core/v1 Events. What is said again about the same object for the same reason raises the count of the Event that
 * said it first, whose message becomes the latest; an object that talks too much is not listened to for a while. Recording neither blocks nor fails: one request at a time
 * goes out behind it, and an Event that cannot be written is lost with a line in the log.
 */
export class EventRecorder {
  private readonly options: EventRecorderOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly budgets = new Map<string, { tokens: number; atMs: number }>();
  private readonly waiting = new Set<Entry>();
  private sending: Promise<void> | undefined;
  private sequence = 0;

  constructor(options: EventRecorderOptions) {
    this.options = options;
  }

  /** `regarding` needs apiVersion, kind and metadata. */
  record(regarding: KubeObject, type: EventType, reason: string, message: string): void {
    const subject = regarding.metadata?.uid ?? `${regarding.kind}/${regarding.metadata?.name}`;
    if (!this.mayTalk(subject) || this.waiting.size >= MAX_WAITING) {
      this.options.log.debug({ reason, object: subject }, 'event dropped');
      return;
    }
    const key = [subject, type, reason].join('\n');
    const entry = this.entries.get(key) ?? this.begin(regarding, type, reason);
    entry.count += 1;
    entry.message = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
    entry.lastTimestamp = timestamp(this.options.clock);
    remember(this.entries, key, entry);
    this.waiting.add(entry);
    this.sending ??= this.send();
  }

  /** Resolves when everything recorded so far is written or lost. */
  async flush(): Promise<void> {
    while (this.sending) await this.sending;
  }

  private mayTalk(subject: string): boolean {
    const now = this.options.clock.monotonicMs();
    const budget = this.budgets.get(subject) ?? { tokens: BURST, atMs: now };
    budget.tokens = Math.min(BURST, budget.tokens + (now - budget.atMs) / REFILL_MS);
    budget.atMs = now;
    remember(this.budgets, subject, budget);
    if (budget.tokens < 1) return false;
    budget.tokens -= 1;
    return true;
  }

  private begin(regarding: KubeObject, type: EventType, reason: string): Entry {
    const { component, instance, clock } = this.options;
    const { name = '', namespace, uid } = regarding.metadata ?? {};
    this.sequence += 1;
    const suffix = `${clock.now().getTime().toString(16)}${(this.sequence % 0x1000).toString(16).padStart(3, '0')}`;
    const event: Event = {
      // Events about cluster-scoped objects live in the namespace `default`.
      metadata: {
        namespace: namespace ?? 'default',
        name: `${name.slice(0, 230).replace(/[-.]+$/, '')}.${suffix}`,
      },
      involvedObject: { apiVersion: regarding.apiVersion, kind: regarding.kind, namespace, name, uid },
      type,
      reason: reason.slice(0, MAX_REASON),
      source: { component, host: instance },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: timestamp(clock),
    };
    return { event, message: '', count: 0, lastTimestamp: '', isStored: false };
  }

  private async send(): Promise<void> {
    for (const entry of this.waiting) {
      // Out before it is sent: what is recorded during the request must go out after it.
      this.waiting.delete(entry);
      try {
        await this.write(entry);
      } catch (error) {
        const { involvedObject, reason } = entry.event;
        this.options.log.warn({ err: error, object: involvedObject, reason }, 'event not written');
      }
    }
    this.sending = undefined;
  }

  private async write(entry: Entry): Promise<void> {
    const { client } = this.options;
    const { event } = entry;
    const said = { message: entry.message, count: entry.count, lastTimestamp: entry.lastTimestamp };
    const { namespace, name = '' } = event.metadata ?? {};
    if (entry.isStored) {
      try {
        await client.patch(events, { namespace, name }, { type: 'merge', body: said });
        return;
      } catch (error) {
        // The API server forgets Events, after an hour by default.
        if (!isKubeError(error, 'NotFound')) throw error;
      }
    }
    await client.create(events, { ...event, ...said });
    entry.isStored = true;
  }
}

/** Puts a value at the young end of a map that drops its oldest. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest);
}

function timestamp(clock: Clock): string {
  return `${clock.now().toISOString().slice(0, 19)}Z`;
}
