import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { answerTimeout } from './answer-timeout.ts';

const ms = 30_000;
/** More than the buffers of two sockets. */
const large = Buffer.alloc(64 * 1024 * 1024);

async function serve(clock: ManualClock, handler: RequestListener) {
  const limit = answerTimeout(clock, ms);
  const server = createServer((request, response) =>
    limit(request, response, () => handler(request, response)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    /** Sends requests for these paths in one go, and reads nothing. */
    send: (...paths: readonly string[]) => {
      const socket = connect(port, '127.0.0.1').pause();
      socket.on('error', () => undefined);
      socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
      return { [Symbol.dispose]: () => void socket.destroy() };
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('an answer', () => {
  it('that nobody takes is given up after its time', async () => {
    const clock = new ManualClock();
    const complete = Promise.withResolvers<ServerResponse>();
    await using server = await serve(clock, (_, response) => {
      response.once('prefinish', () => complete.resolve(response));
      response.end(large);
    });
    using _ = server.send('/');
    const response = await complete.promise;
    const closed = once(response, 'close');

    await clock.advance(ms - 1);
    expect(response.destroyed).toBe(false);
    await clock.advance(1);

    await closed;
    expect(response.writableFinished).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it('that waits for others on its connection is so too', async () => {
    const clock = new ManualClock();
    const behind = Promise.withResolvers<ServerResponse>();
    await using server = await serve(clock, ({ url }, response) => {
      if (url === '/behind') behind.resolve(response.end('x'));
    });
    using _ = server.send('/never', '/behind');
    const closed = once(await behind.promise, 'close');

    await clock.advance(ms);

    await closed;
    expect(clock.pending).toBe(0);
  });

  it('has all the time to be made, and leaves nothing behind', async () => {
    const clock = new ManualClock();
    const asked = Promise.withResolvers<ServerResponse>();
    await using server = await serve(clock, (_, response) => asked.resolve(response));
    const answer = fetch(server.url);
    const response = await asked.promise;
    const closed = once(response, 'close');

    await clock.advance(10 * ms);
    response.end('made');

    expect(await (await answer).text()).toBe('made');
    await closed;
    expect(clock.pending).toBe(0);
  });
});
