import type { Schemas } from '../client/client.ts';
import type { Backup, ControlPlane, Restore } from './backend.ts';
import { formatAge } from './duration.ts';
import { complaints, conditionsOf, isReady } from './health.ts';
import type { View } from './output/format.ts';
import type { Column } from './output/table.ts';

interface Aged {
  readonly createdAt: string;
}

function age<T extends Aged>(now: Date): Column<T> {
  return { title: 'age', of: ({ createdAt }) => formatAge(now.getTime() - Date.parse(createdAt)) };
}

const namespace: Column<{ readonly namespace: string }> = {
  title: 'namespace',
  of: (item) => item.namespace,
};
const name: Column<{ readonly name: string }> = { title: 'name', of: (item) => item.name };

export function controlPlanes(now: Date, hasNamespace = false): View<ControlPlane> {
  return {
    noun: 'controlplane',
    nameOf: (item) => item.name,
    columns: [
      ...(hasNamespace ? [namespace] : []),
      name,
      { title: 'version', of: (item) => item.status.version ?? wantedVersion(item) },
      { title: 'ready', of: (item) => (isReady(item) ? 'True' : 'False') },
      { title: 'phase', of: (item) => (item.deletedAt === undefined ? item.status.phase : 'Deleting') },
      { title: 'endpoint', of: (item) => item.status.controlPlaneEndpoint },
      age<ControlPlane>(now),
      { title: 'class', of: (item) => item.spec['className'] as string | undefined, isWide: true },
      { title: 'size', of: (item) => item.spec['size'] as string | undefined, isWide: true },
      { title: 'data store', of: (item) => item.status.dataStore, isWide: true },
      { title: 'replicas', of: replicas, isWide: true },
      { title: 'reason', of: (item) => complaints(item)[0]?.reason, isWide: true },
    ],
  };
}

function wantedVersion({ spec }: ControlPlane): string | undefined {
  return (spec['kubernetes'] as { readonly version?: string } | undefined)?.version;
}

function replicas({ status }: ControlPlane): string {
  return `${status.readyReplicas ?? 0}/${status.replicas ?? 0}`;
}

export function backups(now: Date, hasNamespace = false): View<Backup> {
  return {
    noun: 'backup',
    nameOf: (item) => item.name,
    columns: [
      ...(hasNamespace ? [namespace] : []),
      name,
      { title: 'control plane', of: (item) => item.spec['tenantControlPlane'] as string },
      { title: 'ready', of: (item) => (isReady(item) ? 'True' : 'False') },
      { title: 'archives', of: (item) => item.status.archives?.length ?? 0 },
      { title: 'newest', of: (item) => item.status.archives?.at(-1)?.name },
      { title: 'next', of: (item) => item.status.nextScheduleTime },
      age<Backup>(now),
      { title: 'storage', of: (item) => item.spec['storage'] as string, isWide: true },
      reason,
    ],
  };
}

export function restores(now: Date): View<Restore> {
  return {
    noun: 'restore',
    nameOf: (item) => item.name,
    columns: [
      name,
      { title: 'control plane', of: (item) => item.spec['tenantControlPlane'] as string },
      { title: 'mode', of: (item) => item.spec['mode'] as string },
      { title: 'ready', of: (item) => (isReady(item) ? 'True' : 'False') },
      { title: 'archive', of: (item) => item.status.archive?.key, isWide: true },
      age<Restore>(now),
      reason,
    ],
  };
}

const reason: Column<{ readonly status: unknown }> = {
  title: 'reason',
  of: (item) => conditionsOf(item).find(({ type }) => type === 'Ready')?.reason,
  isWide: true,
};

export const joinTokens: View<Schemas['JoinToken']> = {
  noun: 'jointoken',
  nameOf: ({ id }) => id,
  columns: [
    { title: 'id', of: ({ id }) => id },
    { title: 'expires', of: ({ expiresAt }) => expiresAt ?? 'never' },
    { title: 'usages', of: ({ usages }) => usages.join(',') },
    { title: 'description', of: ({ description }) => description },
    { title: 'groups', of: ({ groups }) => groups.join(','), isWide: true },
  ],
};

export const kubeconfigs: View<Schemas['Kubeconfig']> = {
  noun: 'kubeconfig',
  nameOf: (item) => item.name,
  columns: [
    name,
    { title: 'user', of: ({ user }) => user },
    { title: 'role', of: ({ clusterRole }) => clusterRole },
    { title: 'ready', of: (item) => (item.isReady ? 'True' : 'False') },
    { title: 'valid until', of: ({ validUntil }) => validUntil },
    { title: 'groups', of: ({ groups }) => groups.join(','), isWide: true },
    { title: 'namespaces', of: ({ namespaces }) => namespaces.join(','), isWide: true },
    { title: 'serial', of: ({ serial }) => serial, isWide: true },
  ],
};

export function events(now: Date): View<Schemas['Event']> {
  return {
    noun: 'event',
    nameOf: ({ reason: name }) => name,
    columns: [
      { title: 'last seen', of: ({ lastAt }) => lastAt && formatAge(now.getTime() - Date.parse(lastAt)) },
      { title: 'type', of: ({ type }) => type },
      { title: 'reason', of: (item) => item.reason },
      { title: 'count', of: ({ count }) => count },
      { title: 'message', of: ({ message }) => message },
      { title: 'source', of: ({ source }) => source, isWide: true },
    ],
  };
}

const gibibyte = 1024 ** 3;

export const usage: View<Schemas['Usage']> = {
  noun: 'usage',
  nameOf: (item) => [item.namespace, item.name].filter((part) => part !== undefined).join('/'),
  columns: [
    { title: 'start', of: ({ start }) => start },
    { title: 'end', of: ({ end }) => end, isWide: true },
    { title: 'namespace', of: (item) => item.namespace },
    { title: 'name', of: (item) => item.name },
    { title: 'class', of: (item) => item.class ?? undefined, isWide: true },
    { title: 'hours', of: (item) => rounded(item.controlPlaneHours) },
    { title: 'cpu seconds', of: (item) => rounded(item.cpuSeconds) },
    { title: 'memory gib hours', of: (item) => rounded(item.memoryByteSeconds, gibibyte * 3_600) },
    { title: 'storage gib hours', of: (item) => rounded(item.storageByteHours, gibibyte) },
    { title: 'api requests', of: (item) => item.apiRequests ?? undefined },
  ],
};

/** Nothing measured is not zero. */
function rounded(value: number | null, unit = 1): string | undefined {
  return value === null ? undefined : (value / unit).toFixed(2);
}
