import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import { freePort } from './ports.ts';

export interface TcpProxy extends AsyncDisposable {
  /** Listens on 127.0.0.1. */
  readonly port: number;
  /** From the port that the server sees to the one that the client has; also of connections that are gone. */
  readonly routes: ReadonlyMap<number, number>;
  /** From now on swallows all that comes, of open connections and of new ones: nothing arrives and nothing is refused. */
  blackhole(): void;
  /** Cuts what was swallowed from and lets new connections through. */
  heal(): void;
}

/** Between a client and a server on loopback, in the place of the network. `delayMs` is what each piece takes each way. */
export async function startTcpProxy(target: {
  readonly port: number;
  readonly delayMs?: number;
}): Promise<TcpProxy> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const routes = new Map<number, number>();
  let isHole = false;

  const forward = (from: Socket, to: Socket) => {
    from.on('data', (bytes) => {
      if (isHole) return;
      if (target.delayMs === undefined) to.write(bytes);
      else setTimeout(() => !isHole && to.writable && to.write(bytes), target.delayMs);
    });
    from.on('end', () => !isHole && setTimeout(() => to.end(), target.delayMs ?? 0));
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      if (!isHole) to.destroySoon();
    });
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    sockets.add(client);
    const upstream = createConnection({
      host: '127.0.0.1',
      port: target.port,
      noDelay: true,
      allowHalfOpen: true,
    });
    sockets.add(upstream);
    upstream.once('connect', () => routes.set(upstream.localPort ?? 0, client.remotePort ?? 0));
    forward(client, upstream);
    forward(upstream, client);
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    routes,
    blackhole: () => {
      isHole = true;
    },
    heal: () => {
      isHole = false;
      cut();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}
