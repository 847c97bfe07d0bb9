const newline = 0x0a;
/** A line of an API server's own is below 1 KiB. */
const longestLine = 16 * 1024;

export interface ReadLimits {
  /** Of the whole answer. */
  readonly maxBytes: number;
}

/** What the metrics of a kube-apiserver say of requests. */
export interface RequestFigures {
  readonly requests: number;
  /** Undefined where it does not say it. */
  readonly startedMs: number | undefined;
  /** Of the answer. */
  readonly bytes: number;
}

const total = 'apiserver_request_total';
const started = 'process_start_time_seconds';

/**
 * Sums `apiserver_request_total` over all labels and reads the start of the process, line by line (text format 0.0.4). The answer is a tenant's:
 * whatever it says costs no more than one line of memory. Rejects with a RangeError for an answer or a line that is too long.
 */
export async function readRequestFigures(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes }: ReadLimits,
): Promise<RequestFigures> {
  let requests = 0;
  let startedMs: number | undefined;
  let bytes = 0;
  let held: Uint8Array = Buffer.alloc(0);
  const take = (line: Uint8Array) => {
    if (!beginsLikeOurs(line)) return;
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
    const sample = valueOf(text, total);
    if (sample !== undefined) requests += sample;
    else startedMs = toMs(valueOf(text, started)) ?? startedMs;
  };
  for await (const chunk of chunks) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = chunk.subarray(start, end);
      take(held.byteLength === 0 ? line : Buffer.concat([held, line]));
      held = Buffer.alloc(0);
      start = end + 1;
    }
    if (start < chunk.byteLength) held = Buffer.concat([held, chunk.subarray(start)]);
    if (held.byteLength > longestLine) throw new RangeError(`a line of more than ${longestLine} bytes`);
  }
  if (held.byteLength > 0) take(held);
  return { requests: Math.min(Math.round(requests), Number.MAX_SAFE_INTEGER), startedMs, bytes };
}

/** By two letters: most of the answer is of no interest, and is not made text of. */
function beginsLikeOurs(line: Uint8Array): boolean {
  return (line[0] === 0x61 && line[1] === 0x70) || (line[0] === 0x70 && line[1] === 0x72);
}

/** Value of a sample of the metric: `name{labels} value [timestamp]`, where quotes in labels are escaped. */
function valueOf(line: string, name: string): number | undefined {
  if (!line.startsWith(name)) return undefined;
  const rest = line.slice(name.length);
  const [, text] =
    /^(?:\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?[ \t]+([0-9.eE+-]+)(?:[ \t]+-?\d+)?\r?$/.exec(rest) ?? [];
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function toMs(seconds: number | undefined): number | undefined {
  return seconds === undefined || seconds > 8.64e12 ? undefined : Math.round(seconds * 1000);
}
