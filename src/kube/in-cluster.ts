import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import type { HttpClientOptions } from './http-transport.ts';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_LIFE_MS = 60_000;

/** How a pod reaches its own cluster: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
export async function inCluster(environment = process.env, mount = MOUNT): Promise<HttpClientOptions> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
  if (!host) throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST is not set');
  const token = rereadFile(`${mount}/token`);
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    ca: await readFile(`${mount}/ca.crt`),
    authenticate: async () => ({ authorization: `Bearer ${await token()}` }),
  };
}

/** The kubelet replaces a mounted token long before it ends; reading it each minute is what client-go does too. */
function rereadFile(path: string): () => Promise<string> {
  let content = '';
  let readAt = -Infinity;
  return async () => {
    if (performance.now() - readAt < TOKEN_LIFE_MS) return content;
    content = (await readFile(path, 'utf8')).trim();
    readAt = performance.now();
    return content;
  };
}
