import { connect, type Socket } from 'node:net';

export interface RawConnection extends AsyncDisposable {
  send(text: string): void;
  /** Says that nothing more comes, and goes on listening. */
  endSending(): void;
  /** All that came so far. */
  readonly received: string;
  /** Resolves once `accept` likes what came. */
  receives(accept: (text: string) => boolean): Promise<string>;
  /** What came, once the server has ended the connection. */
  readonly closed: Promise<string>;
}

/** A connection on which a test says what it likes, octet by octet. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = await connected(connect({ host: hostname, port: Number(port), allowHalfOpen: true }));
  let received = '';
  const looks = new Set<() => void>();
  const look = () => {
    for (const each of looks) each();
  };
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    look();
  });
  // A reset is an end as well.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.once('end', () => socket.destroy());
    socket.once('close', () => {
      resolve(received);
      look();
    });
  });
  return {
    send: (text) => void socket.write(text, 'latin1'),
    endSending: () => void socket.end(),
    get received() {
      return received;
    },
    receives: (accept) =>
      new Promise((resolve, reject) => {
        const check = () => {
          if (accept(received)) resolve(received);
          else if (socket.destroyed) reject(new Error(`the server ended the connection after: ${received}`));
          else return;
          looks.delete(check);
        };
        looks.add(check);
        check();
      }),
    closed,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      await closed;
    },
  };
}

/** What a server answers to `text` before it ends the connection. */
export async function answerTo(url: string, text: string): Promise<string> {
  await using connection = await openConnection(url);
  connection.send(text);
  return await connection.closed;
}

/** Status codes of all answers in what came. */
export function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
