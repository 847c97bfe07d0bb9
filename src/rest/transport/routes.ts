import type { Application, NextFunction, Request, Response } from 'express';
import { ProblemError } from '../problem/problem.ts';

/** A layer of Express' router, as far as it is used here. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): false | { readonly params: Readonly<Record<string, string | undefined>> };
}

/** What a path is for, as its route has it. */
export interface RouteMatch {
  /** e.g. `/v1/namespaces/:namespace/controlplanes` */
  readonly route: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

/** Whether it was routed already or not. Names are as they came. */
export function matchRoute({
  app,
  path,
  method,
}: Pick<Request, 'app' | 'path' | 'method'>): RouteMatch | undefined {
  const wanted = method === 'HEAD' ? 'get' : method.toLowerCase();
  for (const layer of layersOf(app)) {
    if (!layer.route?.methods[wanted]) continue;
    const found = matches(layer, path);
    if (!found) continue;
    const { namespace, name } = found.params;
    return { route: layer.route.path, namespace, name };
  }
  return undefined;
}

/**
 * Middleware that answers what no route is for, before it is asked who it comes from: 404 for paths that there are not, 405 with
 * `Allow` for other methods of those that there are (RFC 9110 section 15.5.6), and OPTIONS.
 */
export function onlyRoutes(application: Application) {
  return ({ path, method }: Request, response: Response, next: NextFunction): void => {
    const allowed = methodsOf(application, path);
    if (allowed.length === 0) throw new ProblemError('NotFound', `There is nothing at ${method} ${path}.`);
    if (allowed.includes(method)) return next();
    response.setHeader('Allow', [...allowed, 'OPTIONS'].join(', '));
    if (method !== 'OPTIONS')
      throw new ProblemError('MethodNotAllowed', `${method} is not for ${path}; see the header Allow.`);
    response.status(204).end();
  };
}

function methodsOf(application: Application, path: string): readonly string[] {
  const methods = new Set<string>();
  for (const layer of layersOf(application)) {
    if (!layer.route || !layer.match(path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

function layersOf(application: Application): readonly Layer[] {
  return (application.router as unknown as { readonly stack: readonly Layer[] }).stack;
}

/** A path whose percent-encoding is broken is for nothing. */
function matches(layer: Layer, path: string): ReturnType<Layer['match']> {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
