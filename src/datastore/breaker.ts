import { DataStoreError } from './errors.ts';

/** Milliseconds from which a call that failed counts as one that waited in vain; a store that refuses does so at once. */
const slowMs = 5_000;
/** Milliseconds for which nobody waits again. Short: by itself the store does not tell that it is back. */
const restMs = 10_000;

interface Tripped {
  readonly error: DataStoreError;
  readonly untilMs: number;
}

/**
 * Keeps workers from waiting, one after the other, for a store that takes calls and never answers: after one has waited in vain the others
 * are refused at once, until one of them may try again. A store that refuses calls costs nobody any time and is always asked.
 */
export class Breaker {
  readonly #monotonicMs: () => number;
  #tripped: Tripped | undefined;
  #news: string | undefined;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** `news` is about the store, e.g. since when it is Ready; what is new makes it worth a try. */
  hear(news: string | undefined): void {
    if (news === this.#news) return;
    this.#news = news;
    this.#tripped = undefined;
  }

  /** @throws DataStoreError `Unreachable` without calling, and all that `call` throws */
  async run<T>(call: () => Promise<T>): Promise<T> {
    const startedMs = this.#monotonicMs();
    const tripped = this.#tripped;
    if (tripped && startedMs < tripped.untilMs) throw tripped.error;
    // This one tries, and the others do not.
    if (tripped) this.#tripped = { ...tripped, untilMs: Number.POSITIVE_INFINITY };
    try {
      const result = await call();
      this.#tripped = undefined;
      return result;
    } catch (error: unknown) {
      const nowMs = this.#monotonicMs();
      const isSilent =
        error instanceof DataStoreError && error.code === 'Unreachable' && nowMs - startedMs >= slowMs;
      this.#tripped = isSilent ? { error: refusal(error), untilMs: nowMs + restMs } : undefined;
      throw error;
    }
  }
}

/** In the same words to everybody: the call that waited was somebody's own. */
function refusal(cause: DataStoreError): DataStoreError {
  const message = 'the store takes calls and does not answer; it is asked again in some seconds';
  return new DataStoreError('Unreachable', 'wait for the store', message, { cause });
}
