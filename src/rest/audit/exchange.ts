import { randomUUID } from 'node:crypto';
import type { Request } from 'express';
import type { AuditFacts } from '../../persistence/audit/entry.ts';
import type { Permission } from '../authorization/access-reviews.ts';

/** What the audit trail knows of a request from its beginning to its end. */
export interface Exchange {
  /** UUID, ours alone. */
  readonly id: string;
  /** The guards have let it pass. */
  isAdmitted: boolean;
  /** RequestReceived was written, and the end was not. */
  isOpen: boolean;
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
  /** Where what was made is. */
  readonly location?: string;
}

export function exchangeOf(request: Request): Exchange {
  return (request.exchange ??= { id: randomUUID(), isAdmitted: false, isOpen: false, details: {} });
}

/** Without `outcome` what is written before the effect. */
export function factsOf(request: Request, target: Target, time: Date, outcome?: Outcome): AuditFacts {
  const { permission, method } = request;
  const { id, details } = exchangeOf(request);
  const { status = null, problemCode, location } = outcome ?? {};
  return {
    ...whoseOf(request),
    time,
    exchange: id,
    stage: outcome ? 'ResponseComplete' : 'RequestReceived',
    method,
    route: target.route,
    verb: text(permission?.verb),
    resource: text(permission?.resource),
    namespace: text(target.namespace),
    name: text(target.name ?? lastSegment(location)),
    status,
    problemCode: text(problemCode),
    details: { ...details, ...(location !== undefined && { location: clean(location) }) },
  };
}

function whoseOf({ identity, headers, ip, res }: Request) {
  return {
    requestId: clean(String(res?.getHeader('X-Request-Id') ?? '')),
    username: text(identity?.username),
    uid: text(identity?.uid),
    groups: (identity?.groups ?? []).slice(0, mostGroups).map(clean),
    authenticator: text(identity?.authenticator),
    sourceAddress: text(ip),
    userAgent: text(headers['user-agent']),
  };
}

const longest = 1_024;
const mostGroups = 256;

function text(value: string | undefined): string | null {
  return value === undefined ? null : clean(value);
}

/** As Postgres keeps it: well-formed, without NUL, and no longer than anybody needs. */
function clean(value: string): string {
  return value.replaceAll('\0', '').slice(0, longest).toWellFormed();
}

function lastSegment(location: string | undefined): string | undefined {
  return location?.split('/').at(-1);
}
