const NEWLINE = 0x0a;

/**
 * The lines of newline-delimited JSON (https://github.com/ndjson/ndjson-spec), however the bytes are cut into chunks.
 * A last line without its newline is half an event: it is left out, since the next watch brings it again.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let held: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    // Lines are cut as bytes: 0x0a never occurs inside a UTF-8 character.
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...held, chunk.subarray(start, end)]).toString('utf8');
      held = [];
      start = end + 1;
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) held.push(chunk.subarray(start));
  }
}
