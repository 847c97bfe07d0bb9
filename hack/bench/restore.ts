import { setTimeout as delay } from 'node:timers/promises';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { backupStorages } from '../../src/api/v1alpha1/backup-storage.ts';
import { type TenantBackup, tenantBackups } from '../../src/api/v1alpha1/tenant-backup.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { type TenantRestore, tenantRestores } from '../../src/api/v1alpha1/tenant-restore.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/resource.ts';
import { configMaps, secrets } from '../../src/kube/resources.ts';
import { encodeData } from '../../src/kube/secret-data.ts';
import { type ProbeRecord, type ProbeSummary, startProber, summarize } from './prober.ts';
import {
  type Demand,
  loadOfMachine,
  mebibytes,
  milliseconds,
  printDemands,
  printRows,
  seconds,
} from './report.ts';
import { bear, benchNamespace, isReady, readKubeconfig } from './tenants.ts';

export interface RestoreOptions {
  /** ConfigMaps of a KiB that the tenant has. */
  readonly objects: number;
  /** Seconds for backup, deletion and restore together. */
  readonly within: number;
  /** Percent by which the 99th percentile of the neighbour's writes may be worse meanwhile. */
  readonly disturbance: number;
  /** A tenant on the same store that is Ready. */
  readonly neighbour: ObjectRef;
}

export interface RestoreResult {
  readonly entries: number;
  readonly contentBytes: number;
  readonly archiveBytes: number;
  /** Milliseconds from asking for it to its being there, gone, in place, and Ready. */
  readonly backupMs: number;
  readonly deleteMs: number;
  readonly loadMs: number;
  readonly readyMs: number;
  readonly isSame: boolean;
  readonly neighbourBefore: ProbeSummary | undefined;
  readonly neighbourDuring: ProbeSummary | undefined;
  /** Of these, until the contents were in place: the rest is the start of a kube-apiserver. */
  readonly neighbourWhileCopied: ProbeSummary | undefined;
  readonly loadBefore: number;
}

const probeIntervalMs = 100;
const quietMs = 30_000;
const timeoutMs = 10 * 60_000;
/** Requests at once while the tenant is filled. */
const width = 16;
const storageName = 'marina-bench';
const identitySecret = { namespace: 'marina-system', name: 'marina-bench-identity' };
const tenantRef = { namespace: benchNamespace, name: 'bench-0' };
const backupRef = { namespace: benchNamespace, name: 'bench-backup' };
const restoreRef = { namespace: benchNamespace, name: 'bench-restore' };

/** Saves a tenant of many objects, deletes it and brings it back, beside one that is in use. */
export async function restore(client: KubeClient, options: RestoreOptions): Promise<RestoreResult> {
  const neighbour = await client.get(tenantControlPlanes, options.neighbour);
  if (!neighbour || !isReady(neighbour)) throw new Error(`tenant ${options.neighbour.name} is not Ready`);
  const kubeconfig = await readKubeconfig(client, neighbour);
  await clear(client);
  await createStorage(client);
  const [birth] = await bear(client, 1);
  if (!birth) throw new Error('no tenant was born');
  await fill(await readKubeconfig(client, birth.tenant), options.objects);
  await delay(quietMs);

  const loadBefore = loadOfMachine();
  const quiet = await startProber(kubeconfig, probeIntervalMs);
  await delay(quietMs);
  const neighbourBefore = summarize(await quiet.stop()).write;
  const prober = await startProber(kubeconfig, probeIntervalMs);
  const copied: ProbeRecord[] = [];
  const measured = await saveAndRestore(client, () => copied.push(...prober.take()));
  const neighbourDuring = summarize([...copied, ...(await prober.stop())]).write;
  const neighbourWhileCopied = summarize(copied).write;
  await clear(client);

  const neighbourFigures = { neighbourBefore, neighbourDuring, neighbourWhileCopied };
  const result = { ...measured, ...neighbourFigures, loadBefore };
  print(result);
  printDemands(demandsOf(result, options));
  return result;
}

async function saveAndRestore(client: KubeClient, onCopied: () => void) {
  const spec = { tenantControlPlane: tenantRef.name, storage: storageName };
  let startMs = performance.now();
  const lap = () => {
    const ms = Math.round(performance.now() - startMs);
    startMs = performance.now();
    return ms;
  };
  await create(client, tenantBackups, backupRef, spec);
  const backup = await until(client, tenantBackups, backupRef, (found) => isTrue(found) && found);
  const backupMs = lap();
  await client.delete(tenantControlPlanes, tenantRef);
  await until(client, tenantControlPlanes, tenantRef, (found) => !found);
  const deleteMs = lap();
  await create(client, tenantRestores, restoreRef, {
    source: { backup: backupRef.name },
    tenantControlPlane: tenantRef.name,
  });
  const restored = await until(client, tenantRestores, restoreRef, (found) => isTrue(found) && found);
  const loadMs = lap();
  onCopied();
  await until(client, tenantControlPlanes, tenantRef, (found) => found !== undefined && isReady(found));
  const readyMs = lap();
  const [archive] = (backup as TenantBackup).status?.archives ?? [];
  const { status } = restored as TenantRestore;
  return {
    entries: archive?.entries ?? 0,
    contentBytes: archive?.contentBytes ?? 0,
    archiveBytes: archive?.bytes ?? 0,
    backupMs,
    deleteMs,
    loadMs,
    readyMs,
    // Marina compares what it wrote octet by octet before it says Restored.
    isSame: archive !== undefined && status?.entries === archive.entries,
  };
}

export function demandsOf(result: RestoreResult, { within, disturbance }: RestoreOptions): readonly Demand[] {
  const { backupMs, deleteMs, loadMs, readyMs, neighbourBefore, neighbourDuring } = result;
  const totalMs = backupMs + deleteMs + loadMs + readyMs;
  const [before, during] = [neighbourBefore?.p99Ms ?? Number.NaN, neighbourDuring?.p99Ms ?? Number.NaN];
  const worse = (during / before - 1) * 100;
  return [
    {
      what: `saved, deleted, restored within ${within} s`,
      found: seconds(totalMs),
      isMet: totalMs <= within * 1000,
    },
    { what: 'the same keys and values', found: String(result.isSame), isMet: result.isSame },
    {
      what: `the neighbour's write p99 at most ${disturbance} % worse`,
      found: `${worse.toFixed(0)} % (${milliseconds(before)} to ${milliseconds(during)})`,
      isMet: worse <= disturbance,
    },
    {
      what: "0 failed writes of the neighbour's",
      found: `${neighbourDuring?.failed} of ${neighbourDuring?.requests}`,
      isMet: neighbourDuring?.failed === 0,
    },
  ];
}

function print(result: RestoreResult): void {
  printRows('one tenant saved and brought back', [
    [
      'keys, size, size of the archive',
      `${result.entries}, ${mebibytes(result.contentBytes)}, ${mebibytes(result.archiveBytes)}`,
    ],
    ['backup', seconds(result.backupMs)],
    ['deletion', seconds(result.deleteMs)],
    ['restore until the contents are in place', seconds(result.loadMs)],
    ['and until it is Ready', seconds(result.readyMs)],
    [
      "neighbour's write p99 until it starts, and before all",
      `${milliseconds(result.neighbourWhileCopied?.p99Ms ?? Number.NaN)}, ${milliseconds(result.neighbourBefore?.p99Ms ?? Number.NaN)}`,
    ],
    ['load of the machine before', String(result.loadBefore)],
  ]);
}

/** A volume of Marina's pod, and a key that only this run knows. */
async function createStorage(client: KubeClient): Promise<void> {
  const identity = await generateX25519Identity();
  await client.create(secrets, {
    metadata: identitySecret,
    type: 'Opaque',
    data: encodeData({ identity }),
  });
  const recipients = [await identityToRecipient(identity)];
  const encryption = { recipients, identitySecret: { name: identitySecret.name } };
  const storage = { metadata: { name: storageName }, spec: { volume: {}, encryption } };
  await client.create(backupStorages, storage);
  await until(client, backupStorages, { name: storageName }, isTrue);
}

async function clear(client: KubeClient): Promise<void> {
  await client.delete(tenantRestores, restoreRef);
  await client.delete(tenantBackups, backupRef);
  await client.delete(backupStorages, { name: storageName });
  await client.delete(secrets, identitySecret);
}

async function fill(kubeconfig: string, objects: number): Promise<void> {
  const tenant = await connect({ kubeconfig, maxConnections: width });
  const text = 'x'.repeat(1024);
  let next = 0;
  const write = async () => {
    while (next < objects) {
      const name = `bench-${next++}`;
      await tenant.create(configMaps, { metadata: { namespace: 'default', name }, data: { text } });
    }
  };
  await Promise.all(Array.from({ length: width }, write));
  await tenant.close();
}

async function create<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  metadata: ObjectRef,
  spec: object,
): Promise<void> {
  await client.create(resource, { metadata, spec } as unknown as T);
}

async function until<T extends KubeObject, R>(
  client: KubeClient,
  resource: Resource<T>,
  ref: ObjectRef,
  accept: (found: T | undefined) => R,
): Promise<R> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const found = await client.get(resource, ref);
    const accepted = accept(found);
    if (accepted) return accepted;
    if (performance.now() > deadlineMs) {
      throw new Error(
        `${resource.kind} ${ref.name}: ${JSON.stringify((found as { status?: unknown } | undefined)?.status)}`,
      );
    }
    await delay(100);
  }
}

function isTrue(
  object: { readonly status?: Pick<NonNullable<TenantControlPlane['status']>, 'conditions'> } | undefined,
): boolean {
  return (
    object?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false
  );
}
