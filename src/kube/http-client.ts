import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  KubeClient,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { KubeError } from './errors.ts';
import { answerError, type ApiStatus } from './http-errors.ts';
import { HttpTransport, type Answer, type Call, type HttpClientOptions } from './http-transport.ts';
import { jsonLines } from './json-lines.ts';
import { pages } from './pages.ts';
import { collectionPath, keyOf, refOf } from './resource.ts';
import type { KubeObject, ListMeta, ObjectList, ObjectRef, Resource } from './resource.ts';

const MERGE_PATCH = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';

/** The Kubernetes verbs as HTTP requests: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
export class HttpKubeClient implements KubeClient {
  private readonly transport: HttpTransport;
  private readonly fieldManager: string | undefined;

  constructor(options: HttpClientOptions) {
    this.transport = new HttpTransport(options);
    this.fieldManager = options.fieldManager;
  }

  async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options: CallOptions = {}) {
    const call = onObject({ verb: 'get', method: 'GET' }, resource, ref, options);
    const answer = await this.transport.send(call);
    if (answer.status === 404 && namesObject(answer)) return undefined;
    return parse<T>(call, answer);
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    if (options.limit !== undefined) return this.page(resource, options);
    let items: T[] = [];
    let metadata: ListMeta = {};
    for await (const page of pages(this, resource, options)) {
      items = page.restart ? page.items : items.concat(page.items);
      metadata = page.metadata;
    }
    return { metadata, items };
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const call: Call = {
      ...onObject({ verb: 'create', method: 'POST' }, resource, refOf(object), options),
      path: collectionPath(resource, object.metadata?.namespace),
      query: this.writeQuery(options),
      body: typed(resource, object),
    };
    return parse<T>(call, await this.transport.send(call));
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: T, options: ApplyOptions): Promise<T> {
    const call: Call = {
      ...onObject(
        { verb: options.dryRun ? 'dry-run apply' : 'apply', method: 'PATCH' },
        resource,
        refOf(object),
        options,
      ),
      query: { ...this.writeQuery(options), force: options.force ?? true },
      body: typed(resource, object),
      contentType: APPLY_PATCH,
    };
    return parse<T>(call, await this.transport.send(call));
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    const call: Call = {
      ...onObject({ verb: 'patch', method: 'PATCH' }, resource, ref, options),
      query: this.writeQuery(options),
      body: patch.body,
      contentType: patch.type === 'json' ? JSON_PATCH : MERGE_PATCH,
    };
    return parse<T>(call, await this.transport.send(call));
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagation, gracePeriodSeconds } = options;
    const call: Call = {
      ...onObject({ verb: 'delete', method: 'DELETE' }, resource, ref, options),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: propagation,
        gracePeriodSeconds,
        preconditions: { uid, resourceVersion },
      },
    };
    const answer = await this.transport.send(call);
    if (answer.status === 404) return false;
    parse(call, answer);
    return true;
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>> {
    const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
    const query = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
    const call: Call = {
      ...onCollection('watch', resource, options),
      query: { ...query, watch: true, allowWatchBookmarks: true },
    };
    for await (const line of jsonLines(this.transport.stream(call))) {
      yield parseJson<WatchEvent<T>>(call, line);
    }
  }

  async probe(path: string, options: CallOptions = {}) {
    const { status, text } = await this.transport.send(ofPath(path, options));
    return { status, body: text };
  }

  stream(path: string, options: CallOptions = {}): AsyncIterable<Uint8Array> {
    return this.transport.stream(ofPath(path, options));
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  private async page<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions,
  ): Promise<ObjectList<T>> {
    const { labelSelector, fieldSelector, limit, continue: token } = options;
    const query = { labelSelector, fieldSelector, limit: limit || undefined, continue: token };
    const call: Call = { ...onCollection('list', resource, options), query };
    const list = parse<ObjectList<T>>(call, await this.transport.send(call));
    // The items of a list come without apiVersion and kind.
    for (const item of list.items)
      Object.assign(item, { apiVersion: resource.apiVersion, kind: resource.kind });
    return list;
  }

  private writeQuery({ fieldManager = this.fieldManager, dryRun, isStrict }: WriteOptions): Call['query'] {
    const fieldValidation = isStrict ? 'Strict' : undefined;
    return { fieldManager, dryRun: dryRun ? 'All' : undefined, fieldValidation };
  }
}

function onObject(
  { verb, method }: Pick<Call, 'verb' | 'method'>,
  resource: Resource,
  ref: ObjectRef,
  { subresource, signal, timeoutMs, beforeSend }: WriteOptions,
): Call {
  const suffix = subresource ? `/${subresource}` : '';
  return {
    verb,
    method,
    operation: `${verb} ${resource.kind}${suffix} ${keyOf(ref)}`,
    resource: resource.plural + suffix,
    path: `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}${suffix}`,
    signal,
    timeoutMs,
    beforeSend,
  };
}

function onCollection(
  verb: 'list' | 'watch',
  resource: Resource,
  { namespace, signal, timeoutMs, beforeSend }: CallOptions & { readonly namespace?: string },
): Call {
  return {
    verb,
    method: 'GET',
    operation: `${verb} ${resource.plural}${namespace ? ` in ${namespace}` : ''}`,
    resource: resource.plural,
    path: collectionPath(resource, namespace),
    signal,
    timeoutMs,
    beforeSend,
  };
}

function ofPath(path: string, options: CallOptions): Call {
  return { ...options, verb: 'probe', operation: `get ${path}`, resource: path, method: 'GET', path };
}

function typed<T extends KubeObject>({ apiVersion, kind }: Resource<T>, object: T): T {
  return { ...object, apiVersion, kind };
}

function parse<T>(call: Call, answer: Answer): T {
  if (answer.status >= 400) throw answerError(call.operation, answer);
  return parseJson<T>(call, answer.text);
}

function parseJson<T>({ operation }: Call, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new KubeError({ code: 'Unknown', operation, message: `not JSON: ${text.slice(0, 100)}`, cause });
  }
}

/** Whether a 404 speaks of the object, not of a path that the server does not serve. */
function namesObject(answer: Answer): boolean {
  try {
    return Boolean((JSON.parse(answer.text) as ApiStatus).details?.name);
  } catch {
    return false;
  }
}
