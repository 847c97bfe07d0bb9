import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { Informer } from '../../src/kube/informer.ts';
import { isNewerVersion } from '../../src/kube/resource-version.ts';
import { type ConfigMap, configMaps } from '../../src/kube/resources.ts';
import { waitUntil } from './wait-until.ts';

const namespace = 'default';
const labels = { ledger: 'open' };
const labelSelector = 'ledger=open';
/** Milliseconds between a write and the next one, and until one counts as refused. */
const pauseMs = 50;
const timeoutMs = 5_000;
/** Reads at once when all is compared. */
const readers = 8;

/** What may be found under a name: two values while a change of it has not been answered. */
interface Entry {
  /** Tells it from one of the same name that was made again. */
  readonly uid: string | undefined;
  readonly values: readonly string[];
}

/**
 * A user of one tenant who writes all the time: makes numbered ConfigMaps, changes each of them once, and remembers what was
 * acknowledged. What was refused may have happened or not. A watch looks on from the first write to the last.
 */
export class WriteLedger implements AsyncDisposable {
  private readonly client: KubeClient;
  private readonly prefix: string;
  private readonly entries = new Map<string, Entry>();
  private readonly anomalies: string[] = [];
  private readonly watch: Informer<ConfigMap>;
  private readonly watching: Promise<void>;
  private readonly writing: Promise<void>;
  private readonly ending = { writes: new AbortController(), watch: new AbortController() };
  private revision: string | undefined;
  private lastBegunMs = 0;
  private lastAcknowledgedMs = performance.now();
  private longestPauseMs = 0;
  private counts = { acknowledged: 0, refused: 0 };

  /** `client` is the ledger's own: it is closed with it. `prefix`: of all names, where one ledger follows another. */
  constructor(client: KubeClient, prefix = 'entry') {
    this.client = client;
    this.prefix = prefix;
    const selection = { client, resource: configMaps, namespace, labelSelector };
    this.watch = new Informer<ConfigMap>({ ...selection, clock: systemClock, log: silentLog });
    this.watching = this.watch.run(this.ending.watch.signal);
    this.writing = this.writeAll(this.ending.writes.signal);
  }

  get acknowledged(): number {
    return this.counts.acknowledged;
  }

  /** Names of what was acknowledged so far. */
  get names(): readonly string[] {
    return [...this.entries.keys()];
  }

  get refused(): number {
    return this.counts.refused;
  }

  /** Milliseconds between one acknowledged write and the next, the longest since the last call. */
  takeLongestPause(): number {
    const longest = this.longestPauseMs;
    this.longestPauseMs = 0;
    return longest;
  }

  /** Resolves when a write that was begun after this call has been acknowledged. */
  async progress(withinMs: number): Promise<void> {
    const calledMs = performance.now();
    const hasProgressed = () => Promise.resolve(this.lastBegunMs > calledMs);
    await waitUntil('a write is acknowledged', hasProgressed, withinMs);
  }

  /** Ends the writing and says what is not as it was acknowledged, or not as the watch has it. Empty: nothing was lost. */
  async settle(): Promise<readonly string[]> {
    this.ending.writes.abort();
    await this.writing;
    const found = new Map<string, ConfigMap | undefined>();
    const names = [...this.entries.keys()];
    const read = async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        found.set(name, await this.read(name));
      }
    };
    await Promise.all(Array.from({ length: readers }, read));
    const lost = [...this.entries].flatMap(([name, entry]) => compare(name, entry, found.get(name)));
    const missed = lost.length > 0 ? [] : await this.missedByWatch(found);
    return [...this.anomalies, ...lost, ...missed];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.ending.writes.abort();
    this.ending.watch.abort();
    await Promise.all([this.writing, this.watching]);
    await this.client.close();
  }

  /** One by one: a list may come from the API server's memory, which has what its store has lost. */
  private async read(name: string): Promise<ConfigMap | undefined> {
    const ask = async () => ({ found: await this.client.get(configMaps, { namespace, name }) });
    const { found } = await waitUntil('the tenant answers', () => ask().catch(unlessRefused), 60_000);
    return found;
  }

  private async missedByWatch(found: ReadonlyMap<string, ConfigMap | undefined>): Promise<readonly string[]> {
    const isMissed = ([name, { data } = {}]: readonly [string, ConfigMap | undefined]) =>
      this.watch.get({ namespace, name })?.data?.['value'] !== data?.['value'];
    const missed = () => [...found].filter(isMissed);
    const hasAll = () => Promise.resolve(missed().length === 0);
    await waitUntil('the watch has caught up', hasAll, 30_000).catch(() => undefined);
    return missed().map(([name]) => `${name} was not seen by the watch`);
  }

  private async writeAll(signal: AbortSignal): Promise<void> {
    for (let number = 1; !signal.aborted; number += 1) {
      const name = `${this.prefix}-${String(number).padStart(6, '0')}`;
      const [first, second] = [randomValue(), randomValue()];
      const made = await this.write(() =>
        this.client.create(
          configMaps,
          { metadata: { namespace, name, labels }, data: { value: first } },
          { timeoutMs },
        ),
      );
      if (!made) continue;
      const { uid } = made.metadata ?? {};
      this.entries.set(name, { uid, values: [first, second] });
      const body = { data: { value: second } };
      const changed = await this.write(() =>
        this.client.patch(configMaps, { namespace, name }, { type: 'merge', body }, { timeoutMs }),
      );
      if (changed) this.entries.set(name, { uid, values: [second] });
    }
  }

  /** What was acknowledged, or undefined. */
  private async write(call: () => Promise<ConfigMap>): Promise<ConfigMap | undefined> {
    const begunMs = performance.now();
    const written = await call().catch(unlessRefused);
    if (written) {
      this.counts.acknowledged += 1;
      this.lastBegunMs = begunMs;
      this.compareRevision(written);
      const nowMs = performance.now();
      this.longestPauseMs = Math.max(this.longestPauseMs, nowMs - this.lastAcknowledgedMs);
      this.lastAcknowledgedMs = nowMs;
    } else {
      this.counts.refused += 1;
    }
    await delay(pauseMs);
    return written;
  }

  /** Writes follow one another, and so do their revisions: a client that has seen a later one would miss an earlier one. */
  private compareRevision({ metadata }: ConfigMap): void {
    const { name, resourceVersion } = metadata ?? {};
    if (this.revision !== undefined && !isNewerVersion(resourceVersion, this.revision)) {
      this.anomalies.push(`${name} has revision ${resourceVersion}, which is not after ${this.revision}`);
    }
    this.revision = resourceVersion;
  }
}

function compare(name: string, { uid, values }: Entry, found: ConfigMap | undefined): readonly string[] {
  if (!found) return [`${name} is gone`];
  if (found.metadata?.uid !== uid) return [`${name} is another one`];
  const value = found.data?.['value'] ?? 'nothing';
  return values.includes(value) ? [] : [`${name} is ${value} again, not ${values.join(' or ')}`];
}

function randomValue(): string {
  return randomBytes(8).toString('hex');
}

function unlessRefused(error: unknown): undefined {
  if (!isKubeError(error)) throw error;
}
