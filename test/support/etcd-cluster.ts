import path from 'node:path';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import type { Credential } from './certificates.ts';
import { etcdClient } from './etcd-datastore.ts';
import { enableAuthentication, prepareEtcd } from './etcd.ts';
import { freePort } from './ports.ts';
import { startProcess, waitUntilReady } from './processes.ts';
import type { RunningProcess } from './processes.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

export interface EtcdCluster extends AsyncDisposable {
  readonly driver: 'etcd';
  /** `127.0.0.1:port` of each member. */
  readonly endpoints: readonly string[];
  readonly ca: Credential;
  /** Client certificate of the user `root`. */
  readonly root: Credential;
  readonly members: readonly EtcdMember[];
  /** The member that leads now. */
  leader(): Promise<EtcdMember>;
}

export interface EtcdMember {
  /** `127.0.0.1:port` */
  readonly endpoint: string;
  /** SIGKILL; data stays, `start` goes on with it. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, to peers and to clients, and nothing answers. */
  pause(): void;
  resume(): void;
  /** What clients send is swallowed, and so is what they should hear; peers notice nothing. */
  blackhole(): void;
  heal(): void;
  logTail(lines?: number): Promise<string>;
}

export interface EtcdClusterOptions {
  /** Default 3. */
  readonly size?: number;
  /** e.g. `--quota-backend-bytes=33554432`, to fill it up: see `fillEtcd`. */
  readonly extraArgs?: readonly string[];
}

interface Plan {
  readonly name: string;
  readonly directory: string;
  readonly proxy: TcpProxy;
  readonly client: string;
  readonly peer: string;
  readonly http: string;
}

/** A real etcd of several members with mutual TLS and users. Clients come by a proxy that can swallow what they say. */
export async function startEtcdCluster({
  size = 3,
  extraArgs = [],
}: EtcdClusterOptions = {}): Promise<EtcdCluster> {
  const { etcd } = await ensureBinaries(['etcd']);
  await using started = new AsyncDisposableStack();
  const { path: directory } = started.use(await createTemporaryDirectory('etcd-cluster'));
  const file = (name: string) => path.join(directory, name);
  const { ca, root, flags } = await prepareEtcd(directory);

  const plans: Plan[] = [];
  for (let index = 0; index < size; index += 1) {
    const port = await freePort();
    plans.push({
      name: `member-${index}`,
      directory: file(`member-${index}`),
      proxy: started.use(await startTcpProxy({ port })),
      client: `127.0.0.1:${port}`,
      peer: `127.0.0.1:${await freePort()}`,
      http: `127.0.0.1:${await freePort()}`,
    });
  }
  const common = [
    `--initial-cluster=${plans.map(({ name, peer }) => `${name}=http://${peer}`).join(',')}`,
    ...flags,
    ...extraArgs,
  ];
  const members = plans.map((plan) => memberOf(etcd, plan, common));
  for (const member of members) started.defer(() => member.kill());
  await Promise.all(members.map((member) => member.start()));
  const endpoints = members.map(({ endpoint }) => endpoint);
  await enableAuthentication(endpoints[0] ?? '', ca, root);

  const parts = started.move();
  return {
    driver: 'etcd',
    endpoints,
    ca,
    root,
    members,
    async leader() {
      for (const member of members) {
        const client = etcdClient({ endpoints: [member.endpoint], ca }, root);
        try {
          const { header, leader } = await client.maintenance.status();
          if (header.member_id === leader) return member;
        } finally {
          client.close();
        }
      }
      throw new Error('no member of etcd leads');
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function memberOf(command: string, plan: Plan, common: readonly string[]): EtcdMember {
  const { name, directory, proxy, client, peer, http } = plan;
  const endpoint = `127.0.0.1:${proxy.port}`;
  const args = [
    `--name=${name}`,
    `--data-dir=${directory}`,
    `--listen-client-urls=https://${client}`,
    `--advertise-client-urls=https://${endpoint}`,
    `--listen-client-http-urls=http://${http}`,
    `--listen-peer-urls=http://${peer}`,
    `--initial-advertise-peer-urls=http://${peer}`,
    ...common,
  ];
  let process: RunningProcess | undefined;
  const answers = async () => (await fetch(`http://${http}/health`).catch(() => undefined))?.ok ?? false;
  return {
    endpoint,
    kill: async () => await process?.kill(),
    async start() {
      process = await startProcess({ command, args, logFile: `${directory}.log` });
      await waitUntilReady(process, name, answers);
    },
    pause: () => process?.pause(),
    resume: () => process?.resume(),
    blackhole: () => proxy.blackhole(),
    heal: () => proxy.heal(),
    logTail: async (lines) => (await process?.logTail(lines)) ?? '',
  };
}

/** Fills a store that was started with a small quota until etcd raises the alarm NOSPACE. */
export async function fillEtcd(
  store: Pick<EtcdCluster, 'endpoints' | 'ca' | 'root'>,
  prefix: string,
  valueBytes = 100_000,
): Promise<void> {
  const client = etcdClient(store, store.root);
  try {
    for (let index = 0; ; index += 1) {
      await client.put(`${prefix}${index}`).value('x'.repeat(valueBytes)).exec();
    }
  } catch (error: unknown) {
    if (!String(error).includes('database space exceeded')) throw error;
  } finally {
    client.close();
  }
}
