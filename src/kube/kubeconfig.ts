import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { HttpKubeClient } from './http-client.ts';
import type { ClientSettings, HttpClientOptions } from './http-transport.ts';
import { inCluster } from './in-cluster.ts';

/** Which API server to talk to, and as whom. Certificates and keys are PEM. */
export type Target =
  | { readonly kubeconfig: string; readonly context?: string }
  | { readonly kubeconfigFile: string; readonly context?: string }
  /** As kubectl finds it: KUBECONFIG, or ~/.kube/config. */
  | { readonly defaultKubeconfig: true; readonly context?: string }
  /** The ServiceAccount that a pod has mounted. */
  | { readonly inCluster: true }
  | {
      readonly server: string;
      readonly ca?: string | Buffer;
      readonly cert?: string | Buffer;
      readonly key?: string | Buffer;
      readonly token?: string;
    };

/** Makes a client; reads files but sends nothing yet. */
export async function connect(options: Target & ClientSettings): Promise<HttpKubeClient> {
  const resolved = await resolve(options);
  return new HttpKubeClient({
    ...options,
    ...resolved,
    servername: options.servername ?? resolved.servername,
  });
}

async function resolve(target: Target): Promise<HttpClientOptions> {
  if ('inCluster' in target) return inCluster();
  if ('server' in target) return withToken(target);
  return fromKubeconfig(await load(target));
}

type KubeconfigTarget = Exclude<Target, { inCluster: true } | { server: string }>;

/** The namespace that a kubeconfig's context names. */
export async function namespaceOf(target: KubeconfigTarget): Promise<string | undefined> {
  const config = await load(target);
  return config.getContextObject(config.getCurrentContext())?.namespace;
}

async function load(target: KubeconfigTarget): Promise<KubeConfig> {
  // Importing client-node costs 60 MB of memory, so only those pay who need its kubeconfig and its login plug-ins.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if ('kubeconfig' in target) config.loadFromString(target.kubeconfig);
  else if ('kubeconfigFile' in target) config.loadFromFile(target.kubeconfigFile);
  else config.loadFromDefault();
  if (target.context) config.setCurrentContext(target.context);
  return config;
}

function withToken({ token, ...target }: Extract<Target, { server: string }>): HttpClientOptions {
  const headers = { authorization: `Bearer ${token}` };
  return token ? { ...target, authenticate: async () => headers } : target;
}

async function fromKubeconfig(config: KubeConfig): Promise<HttpClientOptions> {
  const server = config.getCurrentCluster()?.server;
  if (!server)
    throw new Error(`kubeconfig: context ${config.getCurrentContext() || '(none)'} names no cluster`);
  const { headers, ...options } = await settingsOf(config);
  const user = config.getCurrentUser();
  const changing = Boolean(user?.exec ?? user?.authProvider);
  return {
    server,
    ca: options.ca as Buffer | undefined,
    cert: options.cert as Buffer | undefined,
    key: options.key as Buffer | undefined,
    servername: options.servername,
    rejectUnauthorized: options.rejectUnauthorized,
    authenticate: async () => (changing ? (await settingsOf(config)).headers : headers),
  };
}

async function settingsOf(config: KubeConfig) {
  const options: RequestOptions & { auth?: string | null } = {};
  await config.applyToHTTPSOptions(options);
  const headers = { ...(options.headers as Record<string, string> | undefined) };
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return { ...options, headers };
}
