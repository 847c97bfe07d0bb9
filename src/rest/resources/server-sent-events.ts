/** One event of a stream (HTML Living Standard, section 9.2). */
export interface ServerSentEvent {
  readonly event: string;
  /** What the client sends as `Last-Event-ID` when it comes again; empty: it forgets the one it has. */
  readonly id?: string;
  readonly data?: unknown;
}

/** Data of an event is one line of JSON; an event without data is given an empty object, as browsers drop those without. */
export function toText({ event, id, data }: ServerSentEvent): string {
  const lines = [
    `event: ${event}`,
    ...(id !== undefined ? [`id: ${id}`] : []),
    `data: ${JSON.stringify(data ?? {})}`,
  ];
  return `${lines.join('\n')}\n\n`;
}
