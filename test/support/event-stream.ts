import { waitUntil } from './wait-until.ts';

/** One server-sent event, as a client has it. */
export interface ReceivedEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

export interface EventStream extends AsyncDisposable {
  readonly status: number;
  readonly received: readonly ReceivedEvent[];
  /** The first event for which `is` holds, also one that came before. */
  next(what: string, is: (event: ReceivedEvent) => boolean): Promise<ReceivedEvent>;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
}

/** Reads a stream of server-sent events until it is disposed of. */
export async function openEventStream(
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<EventStream> {
  const stopping = new AbortController();
  const response = await fetch(url, { headers, signal: stopping.signal });
  const received: ReceivedEvent[] = [];
  const read = async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (text + chunk).split('\n\n');
      text = blocks.pop() ?? '';
      received.push(...blocks.flatMap(parse));
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  return {
    status: response.status,
    received,
    ended,
    async next(what, is) {
      await waitUntil(what, async () => received.some(is));
      return received.find(is) as ReceivedEvent;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

function parse(block: string): ReceivedEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => {
      const [name = '', ...value] = line.split(': ');
      return [name, value.join(': ')] as const;
    }),
  );
  const event = fields.get('event');
  if (event === undefined) return [];
  const id = fields.get('id');
  const data = JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>;
  return [{ event, ...(id !== undefined && { id }), data }];
}
