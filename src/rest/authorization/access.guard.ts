import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Log } from '../../engine/log.ts';
import { noteSubject } from '../audit/exchange.ts';
import { operationOf } from '../openapi/operation.ts';
import { ProblemError } from '../problem/problem.ts';
import { REST_LOG } from '../tokens.ts';
import { AccessReviews, type Permission } from './access-reviews.ts';

/** Lets nobody do what the management cluster's RBAC does not allow them. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly access: AccessReviews;
  private readonly log: Log;

  constructor(access: AccessReviews, @Inject(REST_LOG) log: Log) {
    this.access = access;
    this.log = log;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const { identity } = request;
    if (!identity) throw new ProblemError('Unauthenticated', 'It is not known who asks.');
    const operation = operationOf(context.getHandler());
    if (!operation) throw new ProblemError('Forbidden', 'Nobody may use this route.');
    noteSubject(request, operation);
    const { permission: required } = operation;
    if (required === 'authenticated') return true;
    const { namespace, name } = readNames(request.params as Record<string, string | undefined>);
    const permission: Permission = {
      ...required,
      ...(namespace !== undefined && { namespace }),
      ...(name !== undefined && { name }),
    };
    request.permission = permission;
    if (!(await this.access.allows(identity, permission)))
      throw new ProblemError('Forbidden', `${identity.username} may not ${describe(permission)}.`);
    if (!isReading(permission)) {
      const requestId = http.getResponse<Response>().getHeader('X-Request-Id');
      this.log.info({ user: identity.username, ...permission, requestId }, 'a change was allowed');
    }
    return true;
  }
}

/** DNS labels and subdomains (RFC 1123), as Kubernetes has them. */
const names = {
  namespace: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  name: /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
} as const;

/** What is reviewed has to be what is asked for: a slash in a name would be a subresource to the API server. */
function readNames(params: Readonly<Record<string, string | undefined>>) {
  const { namespace, name } = params;
  const errors = Object.entries({ namespace, name }).flatMap(([parameter, value]) =>
    value === undefined || names[parameter as keyof typeof names].test(value)
      ? []
      : [{ parameter, detail: 'has to be a DNS name (RFC 1123), in lower case' }],
  );
  if (errors.length > 0)
    throw new ProblemError('InvalidRequest', 'The path names what cannot be.', { errors });
  return { namespace, name };
}

function isReading({ verb }: Permission): boolean {
  return verb === 'get' || verb === 'list' || verb === 'watch';
}

function describe({ verb, resource, namespace, name }: Permission): string {
  const which = name === undefined ? resource : `${resource} ${name}`;
  return `${verb} ${which}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}
