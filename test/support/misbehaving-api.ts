import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConfigMap } from '../../src/kube/resources.ts';

/** What goes wrong with the next request of a kind. */
export type Fault =
  | 'none'
  | { readonly status: number; readonly retryAfter?: number; readonly reason?: string }
  /** The connection is cut before anything is said. */
  | 'cut'
  /** Nothing is ever said. */
  | 'silence'
  /** A list is read, but sent only by `release`. */
  | 'hold';

interface Watcher {
  readonly response: ServerResponse;
  from: number;
}

/**
 * A small API server of ConfigMaps on loopback that does what real ones and the proxies before them do on bad days. It
 * keeps its history, so that a watch goes on where the last one ended.
 */
export class MisbehavingApi implements AsyncDisposable {
  readonly requests: { readonly kind: 'list' | 'watch'; readonly url: URL }[] = [];
  /** Taken one by one by the requests that come. */
  readonly faults: { list: Fault[]; watch: Fault[] } = { list: [], watch: [] };
  /** Every watch is sent this and then ended in good order, as by a proxy that cannot stream. */
  parting: string | undefined;
  /** Watches are accepted, and nothing is sent on them. */
  isMute = false;
  private readonly objects = new Map<string, ConfigMap>();
  private readonly history: { readonly version: number; readonly line: string }[] = [];
  private readonly held: (() => void)[] = [];
  private readonly watchers = new Set<Watcher>();
  private version = 100;
  private compactedAt = 0;
  private server: Server | undefined;
  private port = 0;

  static async start(): Promise<MisbehavingApi> {
    const api = new MisbehavingApi();
    await api.listen();
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What a list would say now: versions by name. */
  get versions(): Readonly<Record<string, string | undefined>> {
    return Object.fromEntries(
      [...this.objects].map(([name, { metadata }]) => [name, metadata?.resourceVersion]),
    );
  }

  get watches(): number {
    return this.watchers.size;
  }

  /** Takes connections (again), on the same port. */
  async listen(): Promise<void> {
    this.server = createServer((request, response) => this.answer(request, response));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    await promise;
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection and refuses new ones. */
  async refuse(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server?.close(() => resolve());
    this.server?.closeAllConnections();
    await promise;
    this.watchers.clear();
  }

  /** Creates or changes an object; the event that says so. */
  put(name: string, data: Record<string, string> = {}): string {
    this.version += 1;
    const known = this.objects.get(name);
    const isNew = known === undefined;
    // One that is made again is another.
    const uid = known?.metadata?.uid ?? `uid-${name}-${this.version}`;
    const object = configMap({ name, uid }, this.version, data);
    this.objects.set(name, object);
    return this.publish({ type: isNew ? 'ADDED' : 'MODIFIED', object });
  }

  remove(name: string): string {
    this.version += 1;
    const uid = this.objects.get(name)?.metadata?.uid ?? '';
    const object = configMap({ name, uid }, this.version, {});
    this.objects.delete(name);
    return this.publish({ type: 'DELETED', object });
  }

  bookmark(): void {
    const object = { metadata: { resourceVersion: String(this.version) } };
    this.send(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  /** Sends bytes on every watch as they are. */
  send(bytes: string | Buffer): void {
    for (const { response } of this.watchers) response.write(bytes);
  }

  /** Ends every watch: in good order, or by cutting its connection. */
  endWatches(how: 'end' | 'cut' = 'end'): void {
    for (const { response } of this.watchers) {
      if (how === 'end') response.end();
      else response.destroy();
    }
    this.watchers.clear();
  }

  /** Sends the lists that are held. */
  release(): void {
    for (const send of this.held.splice(0)) send();
  }

  /** Forgets history: watches that want to go on from before get 410. */
  compact(): void {
    this.compactedAt = this.version;
  }

  /** As from a backup: the objects are what they were, and versions count from below again. */
  restoreAt(version: number): void {
    this.version = version;
    for (const [name, object] of this.objects)
      this.objects.set(
        name,
        configMap({ name, uid: object.metadata?.uid ?? '' }, version, object.data ?? {}),
      );
    this.history.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
  }

  private publish(event: object): string {
    const line = `${JSON.stringify(event)}\n`;
    this.history.push({ version: this.version, line });
    if (!this.isMute) {
      for (const watcher of this.watchers) {
        watcher.response.write(line);
        watcher.from = this.version;
      }
    }
    return line;
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', this.url);
    const kind = url.searchParams.has('watch') ? 'watch' : 'list';
    this.requests.push({ kind, url });
    const fault = this.faults[kind].shift();
    if (fault === 'silence') return;
    if (fault === 'cut') return void response.destroy();
    if (fault === 'hold') return this.list(url, response, (send) => this.held.push(send));
    if (fault && fault !== 'none') return fail(response, fault.status, fault.reason, fault.retryAfter);
    if (kind === 'list') this.list(url, response);
    else this.watch(url, response);
  }

  private list(url: URL, response: ServerResponse, send = (now: () => void): unknown => now()): void {
    const limit = Number(url.searchParams.get('limit') ?? this.objects.size);
    const start = Number(url.searchParams.get('continue') ?? 0);
    const items = [...this.objects.values()].slice(start, start + limit);
    const next = start + items.length < this.objects.size ? String(start + items.length) : undefined;
    response.setHeader('content-type', 'application/json');
    const body = JSON.stringify({
      metadata: { resourceVersion: String(this.version), continue: next },
      items,
    });
    send(() => response.end(body));
  }

  private watch(url: URL, response: ServerResponse): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    if (from < this.compactedAt) {
      // As the real one does when it finds out late: 200, then the error in the stream.
      const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      return void response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    if (this.parting !== undefined) return void response.end(this.parting);
    const watcher = { response, from };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
    if (this.isMute) return;
    for (const { version, line } of this.history) if (version > from) response.write(line);
  }
}

function configMap(
  { name, uid }: { readonly name: string; readonly uid: string },
  version: number,
  data: Record<string, string>,
): ConfigMap {
  return {
    metadata: {
      namespace: 'a',
      name,
      uid,
      resourceVersion: String(version),
      managedFields: [{}],
    },
    data,
  };
}

function fail(response: ServerResponse, status: number, reason?: string, retryAfter?: number): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', String(retryAfter));
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ kind: 'Status', code: status, reason, message: `made to fail with ${status}` }),
  );
}
