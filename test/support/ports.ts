import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Above 32767 the kernel hands out ports of its own accord, so a port found free there may be taken a moment later. */
const lowest = 20_000;
const beyond = 32_768;

/** A TCP port on 127.0.0.1 that nothing listens on; drawn at random, so that test files running side by side rarely meet. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, beyond);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port found between ${lowest} and ${beyond - 1}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
