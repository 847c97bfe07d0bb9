import path from 'node:path';
import type { BinaryName } from './binaries.ts';
import { logFile } from './cache.ts';
import { goBuild } from './go.ts';
import type { ImageConfig } from './image-archive.ts';
import {
  busyboxEntries,
  netBindServiceCapability,
  packetFilterEntries,
  postgresEntries,
  program,
} from './image-contents.ts';
import type { TarEntry } from './tar-writer.ts';
import {
  coreDnsVersion,
  etcdVersion,
  kineVersion,
  kubeadmCoreDnsTag,
  kubeadmEtcdTag,
  kubernetesVersion,
  metricsServerVersion,
  pauseVersion,
  postgresVersion,
} from './versions.ts';

export type ImageParts = {
  /** Path of a program that the definition lists. */
  readonly binary: (name: BinaryName) => string;
  readonly debianRoot: string;
  /** Empty, and gone when the image is written. */
  readonly workDirectory: string;
};

export type ImageDefinition = {
  readonly reference: string;
  readonly binaries: readonly BinaryName[];
  readonly config: ImageConfig;
  readonly entries: (parts: ImageParts) => readonly TarEntry[] | Promise<readonly TarEntry[]>;
};

/** On images whose name says another version than their content has: kubeadm asks for fixed names, one pinned program serves. */
const contentVersion = 'dev.marina.content-version';

/** Names as `kubeadm config images list` prints them; `datastore-etcd`, `datastore-postgres` and `tools` are for Marina's own use. */
export const imageDefinitions = {
  'kube-apiserver': controlPlane('kube-apiserver', { 'security.capability': netBindServiceCapability() }),
  'kube-controller-manager': controlPlane('kube-controller-manager'),
  'kube-scheduler': controlPlane('kube-scheduler'),
  'kube-proxy': {
    reference: `registry.k8s.io/kube-proxy:${kubernetesVersion}`,
    binaries: ['kube-proxy'],
    config: { entrypoint: ['/usr/local/bin/kube-proxy'] },
    entries: async ({ binary, debianRoot }) => [
      ...(await packetFilterEntries(debianRoot)),
      program('usr/local/bin/kube-proxy', binary('kube-proxy')),
    ],
  },
  pause: {
    reference: `registry.k8s.io/pause:${pauseVersion}`,
    binaries: [],
    config: { entrypoint: ['/pause'], user: '65535:65535' },
    entries: async ({ workDirectory }) => {
      const output = path.join(workDirectory, 'pause');
      await goBuild({ module: 'pause', package: '.', variables: {} }, output, logFile('go-build-pause'));
      return [program('pause', output)];
    },
  },
  coredns: {
    reference: `registry.k8s.io/coredns/coredns:${kubeadmCoreDnsTag}`,
    binaries: ['coredns'],
    config: { entrypoint: ['/coredns'], user: '65532:65532', labels: { [contentVersion]: coreDnsVersion } },
    entries: ({ binary }) => [
      program('coredns', binary('coredns'), { 'security.capability': netBindServiceCapability() }),
    ],
  },
  etcd: etcd(kubeadmEtcdTag),
  'datastore-etcd': etcd(`${etcdVersion}-0`),
  kine: {
    reference: `docker.io/rancher/kine:v${kineVersion}`,
    binaries: ['kine'],
    config: { entrypoint: ['/bin/kine'], user: '65532:65532' },
    entries: ({ binary }) => [program('bin/kine', binary('kine'))],
  },
  'metrics-server': {
    reference: `registry.k8s.io/metrics-server/metrics-server:v${metricsServerVersion}`,
    binaries: ['metrics-server'],
    config: { entrypoint: ['/metrics-server'], user: '65534:65534' },
    entries: ({ binary }) => [program('metrics-server', binary('metrics-server'))],
  },
  'datastore-postgres': {
    reference: `localhost/marina-postgres:${postgresVersion}`,
    binaries: [],
    config: { user: '65532:65532' },
    entries: ({ debianRoot }) => postgresEntries(debianRoot),
  },
  tools: {
    reference: `localhost/marina-tools:${kubernetesVersion}`,
    binaries: ['kubectl'],
    config: { command: ['/bin/sh'] },
    entries: async ({ binary, debianRoot }) => [
      ...(await busyboxEntries(debianRoot)),
      program('usr/local/bin/kubectl', binary('kubectl')),
    ],
  },
} as const satisfies Record<string, ImageDefinition>;

export type ImageName = keyof typeof imageDefinitions;

/** @param xattrs of the program: upstream's kube-apiserver, and no other, may bind ports below 1024 without root */
function controlPlane(name: BinaryName, xattrs?: Record<string, Buffer>): ImageDefinition {
  return {
    reference: `registry.k8s.io/${name}:${kubernetesVersion}`,
    binaries: [name],
    config: { entrypoint: [`/usr/local/bin/${name}`] },
    entries: ({ binary }) => [program(`usr/local/bin/${name}`, binary(name), xattrs)],
  };
}

function etcd(tag: string): ImageDefinition {
  return {
    reference: `registry.k8s.io/etcd:${tag}`,
    binaries: ['etcd', 'etcdctl'],
    config: { labels: { [contentVersion]: etcdVersion } },
    entries: ({ binary }) => [
      program('usr/local/bin/etcd', binary('etcd')),
      program('usr/local/bin/etcdctl', binary('etcdctl')),
    ],
  };
}
