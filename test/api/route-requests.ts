import type { Route } from '../../src/rest/openapi/document.ts';

/** The object that every route with a name is asked for, of whichever kind. */
export const objectName = 'demo';

const version = 'v1.36.3';
const parameters: Readonly<Record<string, string>> = {
  namespace: 'team-a',
  name: objectName,
  token: 'abcdef',
  kubeconfig: objectName,
  operation: '6a2f41a3-c54c-4b2a-9c3e-2f0a8b0c7d11',
};

/** By operationId. */
const bodies: Readonly<Record<string, object>> = {
  createControlPlane: { name: 'made', spec: { dataStore: 'default', kubernetes: { version } } },
  createBackup: { name: 'made', spec: { tenantControlPlane: objectName, storage: objectName } },
  createRestore: {
    name: 'made',
    spec: { source: { backup: objectName }, tenantControlPlane: objectName },
  },
  createJoinToken: {},
  issueKubeconfig: { user: 'jane', groups: ['developers'] },
};

/** Where no control plane runs: what is inside of one is not there yet. */
const unusual: Readonly<Record<string, number>> = {
  listJoinTokens: 409,
  createJoinToken: 409,
  revokeJoinToken: 409,
  issueKubeconfig: 202,
  revokeKubeconfig: 200,
  getLogs: 404,
  getOperation: 404,
};

const usual: Readonly<Record<string, number>> = { GET: 200, POST: 201, PATCH: 200, DELETE: 202 };

export interface RouteRequest {
  readonly path: string;
  readonly body?: object;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request to this route that somebody who may is not refused. `version`: of the object that it names. */
export function requestOf({ path, method, operation }: Route, resourceVersion = '1'): RouteRequest {
  const body = method === 'PATCH' ? { labels: { seen: 'yes' } } : bodies[operation.id];
  const isConditional = operation.headers?.shape['If-Match'] !== undefined;
  return {
    path: path.replace(/:(\w+)/g, (_, name: string) => parameters[name] ?? `no-example-of-${name}`),
    ...(body && { body }),
    headers: isConditional ? { 'if-match': `"${resourceVersion}"` } : {},
  };
}

/** The status of that answer. A new route that is unlike the others has to be said above. */
export function expectedStatus({ method, operation }: Route): number {
  return unusual[operation.id] ?? usual[method] ?? 0;
}
