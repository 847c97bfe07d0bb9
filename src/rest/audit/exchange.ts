import { randomUUID } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import type { Request } from 'express';
import type { AuditFacts } from '../../persistence/audit/entry.ts';
import type { Permission } from '../authorization/access-reviews.ts';
import type { OperationOptions } from '../openapi/operation.ts';

/** What the audit trail knows of a request from its beginning to its end. */
export interface Exchange {
  /** UUID, ours alone. */
  readonly id: string;
  /** The guards have let it pass. */
  isAdmitted: boolean;
  /** RequestReceived was written, and the end was not. */
  isOpen: boolean;
  /** What is to be made shall be called that. */
  newName?: string;
  readonly details: Record<string, string | number | boolean>;
}

declare module 'express-serve-static-core' {
  interface Request {
    exchange?: Exchange;
    /** What was reviewed for it. */
    permission?: Permission;
  }
}

export interface Target {
  /** Express' pattern of the route. */
  readonly route: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

export interface Outcome {
  readonly status: number;
  readonly problemCode?: string;
}

export function exchangeOf(request: Request): Exchange {
  return (request.exchange ??= { id: randomUUID(), isAdmitted: false, isOpen: false, details: {} });
}

/**
 * Notes what a request is about beside the namespace and the name of its path: other parameters, but for those that cannot be (somebody may have put a
 * whole token there), and the name of what is to be made.
 */
export function noteSubject(request: Request, { params = {}, body }: OperationOptions): void {
  const exchange = exchangeOf(request);
  for (const [name, schema] of Object.entries(params)) {
    const value = request.params[name];
    if (typeof value === 'string' && schema.safeParse(value).success)
      exchange.details[name] = clean(value, mostOctets.name);
  }
  const { name } = (body && (request.body as { readonly name?: unknown } | undefined)) ?? {};
  if (typeof name === 'string') exchange.newName = clean(name, mostOctets.name);
}

/** Notes what was given out: of an answer with a credential, its public name. */
export function noteIssued(request: Request, answer: unknown): void {
  const { id, name } = (answer ?? {}) as { readonly id?: unknown; readonly name?: unknown };
  const issued = id ?? name;
  if (typeof issued === 'string') exchangeOf(request).details['issued'] = clean(issued, mostOctets.name);
}

/** Without `outcome` what is written before the effect. */
export function factsOf(request: Request, target: Target, time: Date, outcome?: Outcome): AuditFacts {
  const { permission, method } = request;
  const { id, newName, details } = exchangeOf(request);
  const { status = null, problemCode } = outcome ?? {};
  const location = outcome && locationOf(request);
  return {
    ...whoseOf(request),
    time,
    exchange: id,
    stage: outcome ? 'ResponseComplete' : 'RequestReceived',
    method,
    route: target.route,
    verb: text(permission?.verb),
    resource: text(permission?.resource),
    namespace: text(target.namespace, mostOctets.namespace),
    name: text(target.name ?? newName ?? location?.split('/').at(-1), mostOctets.name),
    status,
    problemCode: text(problemCode),
    details: {
      ...details,
      ...(target.name !== undefined && newName !== undefined && { newName }),
      ...(location !== undefined && { location: clean(location) }),
    },
  };
}

/** Where what was made is, also where the request failed after that. */
function locationOf({ res }: Request): string | undefined {
  const location = res?.getHeader('Location');
  return typeof location === 'string' ? location : undefined;
}

function whoseOf({ identity, headers, ip, res }: Request) {
  return {
    requestId: clean(String(res?.getHeader('X-Request-Id') ?? '')),
    username: text(identity?.username),
    uid: text(identity?.uid),
    groups: (identity?.groups ?? []).slice(0, mostGroups).map((group) => clean(group)),
    authenticator: text(identity?.authenticator),
    sourceAddress: text(ip),
    userAgent: text(headers['user-agent']),
  };
}

/** Of UTF-8. Names are as long as Kubernetes lets them be; an index of Postgres takes no more than 2,704 in all. */
const mostOctets = { text: 1_024, namespace: 63, name: 253 } as const;
const mostGroups = 256;

function text(value: string | undefined, most?: number): string | null {
  return value === undefined ? null : clean(value, most);
}

/** As Postgres keeps it: well-formed, without NUL, and no longer than anybody needs. */
function clean(value: string, most: number = mostOctets.text): string {
  const sound = value.slice(0, most).replaceAll('\0', '').toWellFormed();
  // It leaves out a character that is cut in two.
  return new StringDecoder('utf8').write(Buffer.from(sound).subarray(0, most));
}
