/** What `source` yields, until the signal comes: then it throws the signal’s reason, even while the source is silent. */
export async function* interruptible<T>(source: AsyncIterable<T>, signal?: AbortSignal): AsyncGenerator<T> {
  if (!signal) {
    yield* source;
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  let isSilent = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      isSilent = true;
      const next = await unlessAborted(iterator.next(), signal);
      isSilent = false;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    const returned = iterator.return?.();
    // A source that is silent would answer this only after what it was asked before.
    if (isSilent) returned?.catch(() => undefined);
    else await returned;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
