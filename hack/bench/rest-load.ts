import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';
import { operationOf, type RestOperation, type RestRecord } from './rest-mix.ts';

/** One server that serves control planes: REST, or the API server itself. */
export interface RestTarget {
  readonly origin: string;
  readonly token: string;
  /** PEM; undefined: no TLS. */
  readonly ca?: string;
  /** Of the collection. */
  readonly path: string;
  bodyOf(name: string): object;
  /** `version`: of the object as it was read. */
  patchOf(version: string, turn: number): { readonly body: object; readonly headers: Record<string, string> };
  /** Of an object in an answer. */
  versionIn(answer: Answer): string;
}

export interface Answer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface OpenLoop {
  readonly perSecond: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Somebody who uses a server at a given rate, whether it keeps up or not. */
export interface RestLoad extends AsyncDisposable {
  run(options: OpenLoop): Promise<readonly RestRecord[]>;
}

const connections = 128;
const timeoutMs = 30_000;
/** Objects that are read by name, and nothing else. */
const lasting = 50;
/** Objects that are changed and deleted: enough that a server which stalls does not run out of them. */
const passing = 250;
/** Requests under way while they are made. */
const makers = 8;

interface Known {
  readonly name: string;
  readonly version: string;
}

/** Makes the objects that it uses; they go with the cluster. `prefix`: of their names. */
export async function openRestLoad(target: RestTarget, prefix: string): Promise<RestLoad> {
  const pool = new Pool(target.origin, {
    connections,
    ...(target.ca !== undefined && { connect: { ca: target.ca } }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const stay: Known[] = [];
  /** Those that nobody is about to change, the longest at rest first. */
  const free: Known[] = [];
  let made = 0;
  let turn = 0;

  async function send(
    method: Dispatcher.HttpMethod,
    path: string,
    { body, headers }: { readonly body?: object; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const answer = await pool.request({
      method,
      path,
      headers: {
        authorization: `Bearer ${target.token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const parsed = await answer.body.json();
    if (answer.statusCode < 300) return { headers: answer.headers, body: parsed };
    throw new Error(`${method} answers ${answer.statusCode}: ${JSON.stringify(parsed).slice(0, 200)}`);
  }

  async function create(kept: Known[]): Promise<void> {
    const name = `${prefix}-${made++}`;
    const answer = await send('POST', target.path, { body: target.bodyOf(name) });
    kept.push({ name, version: target.versionIn(answer) });
  }

  async function request(operation: RestOperation): Promise<void> {
    if (operation === 'create') return await create(free);
    if (operation === 'list') {
      await send('GET', `${target.path}?limit=100`);
      return;
    }
    const known = operation === 'get' ? stay[turn++ % stay.length] : free.shift();
    if (!known) throw new Error(`there is nothing to ${operation}`);
    const path = `${target.path}/${known.name}`;
    if (operation !== 'patch') {
      await send(operation === 'get' ? 'GET' : 'DELETE', path);
      return;
    }
    const { body, headers } = target.patchOf(known.version, turn++);
    const type = { 'content-type': 'application/merge-patch+json' };
    const answer = await send('PATCH', path, { body, headers: { ...type, ...headers } });
    free.push({ name: known.name, version: target.versionIn(answer) });
  }

  const make = async () => {
    while (made < lasting + passing) await create(made < lasting ? stay : free);
  };
  await Promise.all(Array.from({ length: makers }, make));
  return {
    async run({ perSecond, seconds, signal }) {
      const records: RestRecord[] = [];
      const underWay: Promise<void>[] = [];
      const startMs = performance.now();
      for (let index = 0; index < perSecond * seconds; index += 1) {
        const dueMs = startMs + (index / perSecond) * 1_000;
        const restMs = dueMs - performance.now();
        if (restMs > 0) await delay(restMs, undefined, { signal });
        const operation = operationOf(index);
        const record = (failure?: string) =>
          void records.push({
            operation,
            ms: performance.now() - dueMs,
            ...(failure !== undefined && { failure }),
          });
        underWay.push(
          request(operation).then(
            () => record(),
            (error: unknown) => record(String(error)),
          ),
        );
      }
      await Promise.all(underWay);
      return records;
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
