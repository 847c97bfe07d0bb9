/** Collects what comes into `buffer` and yields it whenever it is full, and at the end what is left. Each part is good until the next is asked for. */
export async function* inParts(content: AsyncIterable<Uint8Array>, buffer: Buffer): AsyncGenerator<Buffer> {
  let used = 0;
  for await (const chunk of content) {
    for (let rest = chunk; rest.byteLength > 0;) {
      const taken = Math.min(rest.byteLength, buffer.byteLength - used);
      buffer.set(rest.subarray(0, taken), used);
      rest = rest.subarray(taken);
      used += taken;
      if (used < buffer.byteLength) continue;
      yield buffer;
      used = 0;
    }
  }
  if (used > 0) yield buffer.subarray(0, used);
}
