import {
  createMarinaClient,
  dataOf,
  type Exchange,
  type Fetch,
  type MarinaClient,
} from '../../client/client.ts';
import { watch } from '../../client/watch.ts';
import type { Backend, Finding, KindName, Kinds, LogRequest, Ref, Scope, UsageRequest } from '../backend.ts';
import { userAgent } from '../version.ts';
import { examineRest } from './examine.ts';

export interface RestOptions {
  readonly server: string;
  readonly token: () => Promise<string | undefined>;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly now: () => Date;
  readonly onExchange?: (exchange: Exchange) => void;
  /** Of what `fetch` keeps open. */
  readonly close: () => Promise<void>;
}

const pageSize = 500;
/** Milliseconds before a stream that ended is opened again. */
const pauseMs = 1_000;

const paths = {
  controlplanes: {
    all: '/v1/controlplanes',
    within: '/v1/namespaces/{namespace}/controlplanes',
    one: '/v1/namespaces/{namespace}/controlplanes/{name}',
    watch: '/v1/watch/namespaces/{namespace}/controlplanes',
  },
  backups: {
    all: '/v1/backups',
    within: '/v1/namespaces/{namespace}/backups',
    one: '/v1/namespaces/{namespace}/backups/{name}',
    watch: '/v1/watch/namespaces/{namespace}/backups',
  },
  restores: {
    all: '/v1/restores',
    within: '/v1/namespaces/{namespace}/restores',
    one: '/v1/namespaces/{namespace}/restores/{name}',
    watch: '/v1/watch/namespaces/{namespace}/restores',
  },
} as const;

const joinTokens = '/v1/namespaces/{namespace}/controlplanes/{name}/jointokens';
const kubeconfigs = '/v1/namespaces/{namespace}/controlplanes/{name}/kubeconfigs';

/** By way of Marina's REST API. */
export class RestBackend implements Backend {
  readonly address: string;
  private readonly client: MarinaClient;
  private readonly options: RestOptions;

  constructor(options: RestOptions) {
    this.options = options;
    this.address = options.server;
    this.client = createMarinaClient({ ...options, userAgent: userAgent(), random: Math.random });
  }

  async list<K extends KindName>(
    kind: K,
    { namespace, labelSelector }: Scope,
  ): Promise<readonly Kinds[K]['shown'][]> {
    const { all, within } = paths[kind];
    const items: Kinds[K]['shown'][] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: pageSize, ...(cursor && { cursor }), ...(labelSelector && { labelSelector }) };
      const page = await dataOf(
        namespace === undefined
          ? this.client.GET(all, { params: { query } })
          : this.client.GET(within, { params: { path: { namespace }, query } }),
      );
      items.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return items;
  }

  async get<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    return await dataOf(this.client.GET(paths[kind].one, { params: { path: ref } }));
  }

  async create<K extends KindName>(
    kind: K,
    namespace: string,
    body: Kinds[K]['wish'],
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<Kinds[K]['shown']> {
    const query = dryRun ? { dryRun } : {};
    return await dataOf(
      this.client.POST(paths[kind].within, { params: { path: { namespace }, query }, body }),
    );
  }

  async delete<K extends KindName>(kind: K, ref: Ref): Promise<Kinds[K]['shown']> {
    return await dataOf(this.client.DELETE(paths[kind].one, { params: { path: ref } }));
  }

  async *follow<K extends KindName>(
    kind: K,
    ref: Ref,
    signal: AbortSignal,
  ): AsyncGenerator<Kinds[K]['shown'] | undefined> {
    const { namespace, name } = ref;
    const open = (lastId: string | undefined) =>
      dataOf(
        this.client.GET(paths[kind].watch, {
          params: {
            path: { namespace },
            ...(lastId !== undefined && { header: { 'Last-Event-ID': lastId } }),
          },
          parseAs: 'stream',
          signal,
        }),
      ) as Promise<AsyncIterable<Uint8Array>>;
    const pause = () => this.options.wait(pauseMs);
    let isThere = false;
    for await (const change of watch<Kinds[K]['shown']>(open, pause, signal)) {
      if (change.type === 'reset') isThere = false;
      else if (change.type === 'bookmark') {
        if (!isThere) yield undefined;
      } else if (change.object.name === name) {
        isThere = change.type !== 'deleted';
        yield isThere ? change.object : undefined;
      }
    }
  }

  async listJoinTokens(ref: Ref) {
    return (await dataOf(this.client.GET(joinTokens, { params: { path: ref } }))).items;
  }

  async createJoinToken(ref: Ref, body: Parameters<Backend['createJoinToken']>[1]) {
    return await dataOf(this.client.POST(joinTokens, { params: { path: ref }, body }));
  }

  async revokeJoinToken(ref: Ref, token: string): Promise<void> {
    await dataOf(this.client.DELETE(`${joinTokens}/{token}`, { params: { path: { ...ref, token } } }));
  }

  async listKubeconfigs(ref: Ref) {
    return (await dataOf(this.client.GET(kubeconfigs, { params: { path: ref } }))).items;
  }

  async issueKubeconfig(ref: Ref, body: Parameters<Backend['issueKubeconfig']>[1]) {
    return await dataOf(this.client.POST(kubeconfigs, { params: { path: ref }, body }));
  }

  async getKubeconfig(ref: Ref, kubeconfig: string) {
    const params = { path: { ...ref, kubeconfig } };
    return await dataOf(this.client.GET(`${kubeconfigs}/{kubeconfig}`, { params }));
  }

  async revokeKubeconfig(ref: Ref, kubeconfig: string) {
    const params = { path: { ...ref, kubeconfig } };
    return await dataOf(this.client.DELETE(`${kubeconfigs}/{kubeconfig}`, { params }));
  }

  async events(ref: Ref) {
    const path = '/v1/namespaces/{namespace}/controlplanes/{name}/events';
    return (await dataOf(this.client.GET(path, { params: { path: ref } }))).items;
  }

  async logs(ref: Ref, query: LogRequest): Promise<string> {
    const path = '/v1/namespaces/{namespace}/controlplanes/{name}/logs';
    return await dataOf(this.client.GET(path, { params: { path: ref, query }, parseAs: 'text' }));
  }

  async usage({ namespace, name, ...query }: UsageRequest) {
    const items = [];
    let cursor: string | undefined;
    do {
      const page = await this.usagePage(
        { namespace, name },
        { ...query, limit: pageSize, ...(cursor && { cursor }) },
      );
      items.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    return items;
  }

  private async usagePage(
    { namespace, name }: Pick<UsageRequest, 'namespace' | 'name'>,
    query: Omit<UsageRequest, 'namespace' | 'name'> & { readonly limit: number; readonly cursor?: string },
  ) {
    if (namespace === undefined)
      return await dataOf(
        this.client.GET('/v1/usage', { params: { query: { ...query, groupBy: 'controlplane' } } }),
      );
    if (name === undefined)
      return await dataOf(
        this.client.GET('/v1/namespaces/{namespace}/usage', { params: { path: { namespace }, query } }),
      );
    const path = '/v1/namespaces/{namespace}/controlplanes/{name}/usage';
    return await dataOf(this.client.GET(path, { params: { path: { namespace, name }, query } }));
  }

  examine(namespace: string): AsyncIterable<Finding> {
    return examineRest(this, this.options, namespace);
  }

  async serverVersion(): Promise<string> {
    const document = await dataOf(this.client.GET('/v1/openapi.json'));
    const { title, version } = document['info'] as { readonly title: string; readonly version: string };
    return `${title} ${version}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.options.close();
  }
}
