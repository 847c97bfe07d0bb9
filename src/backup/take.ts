import type { DataStore } from '../api/v1alpha1/data-store.ts';
import type { Archive } from '../api/v1alpha1/tenant-backup.ts';
import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import { effectiveTenant } from '../controlplane/class/effective.ts';
import type { Roots } from '../controlplane/roots/material.ts';
import { rootsFingerprint } from '../controlplane/roots/material.ts';
import type { DataStoreDriver } from '../datastore/driver.ts';
import type { Clock } from '../engine/clock.ts';
import { toTime } from '../kube/time.ts';
import type { Manifest } from './archive/manifest.ts';
import { type ArchiveSummary, writeArchive } from './archive/write.ts';
import type { ObjectStorage } from './storage/storage.ts';

export interface Subject {
  readonly tenant: TenantControlPlane;
  readonly runtimeId: string;
  readonly roots: Roots;
  readonly dataStore: DataStore;
  readonly driver: DataStoreDriver;
}

export interface Destination {
  readonly storage: ObjectStorage;
  readonly recipients: readonly string[];
  /** Of the TenantBackup: two of one tenant must not take each other's archives. */
  readonly backup: string;
  /** Of the archive, e.g. `20261121-080000`. */
  readonly name: string;
}

export interface TakeOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly fence: () => void;
}

/** Saves one tenant as it is at one moment, while it and its neighbours go on. Under the same name the same archive is written again. */
export async function takeArchive(subject: Subject, to: Destination, options: TakeOptions): Promise<Archive> {
  const { clock, signal, fence } = options;
  const startedMs = clock.monotonicMs();
  await using snapshot = await subject.driver.contentsOf(subject.runtimeId).snapshot();
  const manifest = describe(subject, snapshot.revision, clock.now());
  const key = archiveKey(manifest.tenant, to);
  let summary: ArchiveSummary | undefined;
  async function* content() {
    summary = yield* writeArchive(manifest, snapshot.pages(), to.recipients);
  }
  await to.storage.put(key, content(), { signal, fence });
  if (!summary) throw new Error('the storage took an archive without reading it to its end');
  return {
    name: to.name,
    key,
    completedAt: toTime(clock.now()),
    durationMilliseconds: Math.round(clock.monotonicMs() - startedMs),
    revision: manifest.revision,
    entries: summary.contents.entries,
    contentBytes: summary.contents.bytes,
    contentSha256: summary.contents.sha256,
    bytes: summary.bytes,
    sha256: summary.sha256,
    kubernetesVersion: manifest.kubernetesVersion,
  };
}

/** Where archives of a namespace's tenants are; restores from elsewhere are refused. */
export function archivePrefix(namespace: string): string {
  return `${namespace}/`;
}

function archiveKey({ namespace, name, runtimeId }: Manifest['tenant'], to: Destination): string {
  return `${archivePrefix(namespace)}${name}/${runtimeId}/${to.backup}/${to.name}.jsonl.zst.age`;
}

function describe({ tenant, runtimeId, roots, dataStore }: Subject, revision: string, now: Date): Manifest {
  const { name = '', namespace = '', uid = '', labels, annotations } = tenant.metadata ?? {};
  return {
    format: 'marina.dev/backup/v1',
    takenAt: now.toISOString(),
    tenant: { namespace, name, uid, runtimeId },
    dataStore: {
      name: dataStore.metadata?.name ?? '',
      driver: dataStore.spec.driver,
      ...(dataStore.status?.version && { version: dataStore.status.version }),
    },
    revision,
    kubernetesVersion: effectiveTenant(tenant).spec.kubernetes.version,
    controlPlane: {
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      spec: tenant.spec,
    },
    roots: { ...roots },
    rootsFingerprint: rootsFingerprint(roots),
  };
}
