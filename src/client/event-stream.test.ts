import { expect, it } from '@jest/globals';
import { readEvents } from './event-stream.ts';
import { watch } from './watch.ts';

/** In pieces of this size, as a network may have it. */
async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const octets = new TextEncoder().encode(text);
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const stream =
  ': hello\n\nevent: added\nid: 7\ndata: {"name":\ndata: "bläu"}\n\ndata:x\r\n\r\nevent: empty\n\ndata: cut off';

it.each([1, 2, 3, 1000])('events are read from pieces of %i octets', async (size) => {
  const events = await collect(readEvents(pieces(stream, size)));
  expect(events).toEqual([
    { event: 'added', id: '7', data: '{"name":\n"bläu"}' },
    { event: 'message', id: '7', data: 'x' },
  ]);
});

it('a stream that ends is opened again where it was, and anew after a reset', async () => {
  const asked: (string | undefined)[] = [];
  const streams = [
    'event: added\nid: 5\ndata: {"name":"a"}\n\nevent: bookmark\nid: 9\ndata: {}\n\n',
    'event: reset\nid:\ndata: {}\n\n',
    'event: deleted\nid: 12\ndata: {"name":"a"}\n\n',
  ];
  const over = new AbortController();
  const open = (lastId: string | undefined) => {
    asked.push(lastId);
    const next = streams.shift();
    if (next === undefined) over.abort();
    return Promise.resolve(pieces(next ?? '', 10));
  };

  const changes = await collect(watch<{ name: string }>(open, () => Promise.resolve(), over.signal));

  expect(asked).toEqual([undefined, '9', undefined, '12']);
  expect(changes).toEqual([
    { type: 'added', object: { name: 'a' } },
    { type: 'bookmark' },
    { type: 'reset' },
    { type: 'deleted', object: { name: 'a' } },
  ]);
});
