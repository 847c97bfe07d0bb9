import { createServer, connect, type Server, type Socket } from 'node:net';

export interface Backend {
  readonly host: string;
  readonly port: number;
}

/** What kube-proxy does for one Service: connections go to a backend that is ready now, or are refused. */
export class ServiceProxy implements AsyncDisposable {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly backends: () => readonly Backend[];
  private accepted = 0;

  constructor(backends: () => readonly Backend[]) {
    this.backends = backends;
    this.server = createServer((socket) => this.forward(socket));
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, exclusive: true }, () => resolve());
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => void this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private forward(client: Socket): void {
    const backends = this.backends();
    const backend = backends[this.accepted % Math.max(1, backends.length)];
    this.accepted += 1;
    if (!backend) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(backend.port, backend.host);
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('error', () => peer.destroy());
      socket.once('close', () => {
        this.sockets.delete(socket);
        peer.destroy();
      });
      socket.pipe(peer);
    }
  }
}
