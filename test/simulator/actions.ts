import { dataStores } from '../../src/api/v1alpha1/data-store.ts';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { PHASE_LABEL } from '../../src/bootstrap/objects.ts';
import { keyOf, refOf, type Resource } from '../../src/kube/resource.ts';
import {
  configMaps,
  deployments,
  podDisruptionBudgets,
  pods,
  secrets,
  services,
} from '../../src/kube/resources.ts';
import type { TenantControlPlaneSpecInput } from '../support/defaults.ts';
import type { StoredObject } from './api-server.ts';
import type { Marina } from './marina.ts';
import type { Random } from './random.ts';
import { idOf, tenantsNamespace } from './tenant-clusters.ts';
import type { Breakage } from './watch-stream.ts';
import { systemNamespace, userNamespace } from './settings.ts';
import type { World } from './world.ts';

/** What hands leave wherever they edit. */
export const trace = 'edited-by-hand';

/** What an action may do besides changing the world at once. */
export interface Stage {
  readonly world: World;
  /** Of the schedule's choices. */
  readonly random: Random;
  /** Does it after `ms`, or when the faults end, whichever comes first. */
  readonly later: (ms: number, what: string, act: () => void) => void;
  /** Names that are to be created again once they are free. */
  readonly again: Set<string>;
  /** Notes that something was touched that Marina looks at only at its resyncs. */
  readonly touchedInside: () => void;
}

/** Says what it did, for the trace; undefined when there was nothing to do it to. */
export type Action = (stage: Stage) => string | undefined;

export const actions = {
  kill: withMarina(({ random }, { process }) => {
    const [effects, point] = [random.between(1, 40), random.pick(['before', 'after'] as const)];
    process.dieAt(effects, point);
    return `${process.name} will be killed ${point} its effect ${effects} from now`;
  }),
  killNow: withMarina((_stage, { process }) => {
    process.kill();
    return `${process.name} is killed`;
  }),
  stop: withMarina(({ random, later }, { process }) => {
    const ms = random.between(500, random.chance(0.6) ? 30_000 : 5_000);
    process.stop();
    later(ms, `${process.name} is continued`, () => process.continue());
    return `${process.name} is stopped`;
  }),
  replace: withMarina((_stage, marina) => {
    marina.shutDown();
    return `${marina.process.name} is told to end`;
  }),

  managementTrouble: ({ world, random, later }) => {
    world.weather.management = random.pick([0.05, 0.2, 0.5, 1]);
    later(
      random.between(500, 20_000),
      'the management API is well again',
      () => (world.weather.management = 0),
    );
    return `calls to the management API fail: ${world.weather.management}`;
  },
  tenantTrouble: ({ world, random, later }) => {
    world.weather.tenants = random.pick([0.05, 0.3, 1]);
    later(random.between(500, 30_000), 'tenants’ APIs are well again', () => (world.weather.tenants = 0));
    return `calls to tenants’ APIs fail: ${world.weather.tenants}`;
  },
  storeTrouble: ({ world, random, later }) => {
    world.weather.store = random.pick([0.1, 0.4, 0.8]);
    later(random.between(500, 30_000), 'the store is well again', () => (world.weather.store = 0));
    return `calls to the store fail: ${world.weather.store}`;
  },
  storeDown: ({ world, random, later }) => {
    world.setStoreDown(true);
    later(random.between(500, 40_000), 'the store is back', () => world.setStoreDown(false));
    return 'the store is down';
  },
  lateWatches: ({ world, random, later }) => {
    const kinds = watched.filter(() => random.chance(0.4));
    const late = random.pick([200, 2_000, 15_000]);
    const ms = random.between(1_000, 30_000);
    for (const plural of kinds) world.weather.lateWatches.set(plural, late);
    world.truth.watchesAreLateFor(ms + late);
    later(ms, `watches of ${kinds.join()} are in time again`, () => {
      for (const plural of kinds) world.weather.lateWatches.delete(plural);
    });
    return `events of ${kinds.join()} come up to ${late} ms late`;
  },
  breakWatches: withMarina(({ world, random }, { process, streams }) => {
    const breakage: Breakage = random.pick(['broken', 'expired', 'silent', 'broken', 'expired']);
    const broken = [...streams].filter(() => random.chance(0.4));
    for (const stream of broken) stream.break(breakage);
    world.truth.watchesAreLateFor(0);
    return `watches of ${process.name} are ${breakage}: ${broken.map(({ plural }) => plural).join()}`;
  }),

  crash: ({ world, random }) => {
    const running = [...world.workloads.pods.values()].filter(({ started }) => started);
    if (running.length === 0) return undefined;
    const pod = random.pick(running);
    world.workloads.crash(pod);
    return `the containers of ${pod.key} end`;
  },
  evict: ({ world, random }) => {
    const all = world.management.all('pods');
    if (all.length === 0) return undefined;
    const { metadata } = random.pick(all);
    world.management.delete(pods, { namespace: metadata?.namespace, name: metadata?.name ?? '' });
    return `pod ${metadata?.name} is evicted`;
  },
  slowNode: ({ world, random, later }) => {
    world.workloads.slowness = random.pick([3, 10]);
    later(random.between(5_000, 30_000), 'the node is quick again', () => (world.workloads.slowness = 1));
    return 'the node is slow';
  },

  create: ({ world, random }) => {
    const name = random.pick(['a', 'b', 'c']);
    if (world.management.peek('tenantcontrolplanes', `${userNamespace}/${name}`)) return undefined;
    world.createTenant(name, randomSpec(random));
    return `${name} is created`;
  },
  edit: withTenant(({ world, random }, tenant) => {
    const spec = randomSpec(random);
    world.management.patch(tenantControlPlanes, refOf(tenant), { type: 'merge', body: { spec } });
    return `the spec of ${tenant.metadata?.name} gets ${JSON.stringify(spec)}`;
  }),
  delete: withTenant(({ world, random, again }, tenant) => {
    const name = tenant.metadata?.name ?? '';
    world.management.delete(tenantControlPlanes, refOf(tenant), {});
    if (random.chance(0.7)) again.add(name);
    return `${name} is deleted${again.has(name) ? ', to be created again' : ''}`;
  }),

  deleteOwned: withOwned(({ world, random }, { resource, object }) => {
    const propagation = random.pick(['Background', 'Foreground'] as const);
    world.management.delete(resource, refOf(object), { propagation });
    return `${resource.kind} ${object.metadata?.name} is deleted, ${propagation}`;
  }),
  editOwned: withOwned(({ world }, { resource, object }) => {
    const body = edits[resource.plural]?.(object) ?? { metadata: { labels: { [componentLabel]: trace } } };
    world.management.patch(resource, refOf(object), { type: 'merge', body });
    return `${resource.kind} ${object.metadata?.name} is edited: ${JSON.stringify(body).slice(0, 80)}`;
  }),
  hideOwned: withOwned(({ world }, { resource, object }) => {
    const body = { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } };
    world.management.patch(resource, refOf(object), { type: 'merge', body });
    return `${resource.kind} ${object.metadata?.name} loses its label`;
  }),
  deleteKubeconfig: withTenant(({ world, touchedInside }, tenant) => {
    const ref = { namespace: userNamespace, name: `${tenant.metadata?.name}-kubeconfig` };
    if (!world.management.delete(secrets, ref)) return undefined;
    touchedInside();
    return `Secret ${ref.name} is deleted`;
  }),

  loseRoots: withTenant((stage, tenant) => {
    const roots = rootsOf(stage.world, tenant);
    if (!roots) return undefined;
    stage.world.management.delete(secrets, refOf(roots));
    restoreRootsLater(stage, tenant, false);
    return `the roots of ${tenant.metadata?.name} are deleted`;
  }),
  spoilRoots: withTenant((stage, tenant) => {
    const { world, random } = stage;
    const roots = rootsOf(world, tenant);
    // What was spoilt before it was ever read is what the cluster is made with.
    if (!roots || !(tenant as unknown as TenantControlPlane).status?.rootsFingerprint) return undefined;
    const file = random.pick(['ca.key', 'ca.crt', 'sa.pub', 'encryption.yaml']);
    const body = { data: { [file]: Buffer.from(trace).toString('base64') } };
    world.management.patch(secrets, refOf(roots), { type: 'merge', body });
    restoreRootsLater(stage, tenant, true);
    return `${file} of ${tenant.metadata?.name} is spoilt`;
  }),

  spoilInside: withTenant(({ world, random, touchedInside }, tenant) => {
    const inside = world.store.data.get(idOf(tenant.metadata?.uid));
    const kind = random.pick(insideKinds);
    const found = inside?.all(kind).filter(({ metadata }) => metadata?.labels?.[PHASE_LABEL]) ?? [];
    if (!inside || found.length === 0) return undefined;
    const object = random.pick(found);
    touchedInside();
    const resource = { plural: kind, kind, apiVersion: '', namespaced: true };
    if (random.chance(0.5)) {
      inside.delete(resource, refOf(object), {});
      return `${kind} ${keyOf(refOf(object))} inside ${tenant.metadata?.name} is deleted`;
    }
    const body = insideEdits[kind](object);
    inside.patch(resource, refOf(object), { type: 'merge', body });
    return `${kind} ${keyOf(refOf(object))} inside ${tenant.metadata?.name} is rewritten`;
  }),

  loseStoreSecret: ({ world, random, later }) => {
    const name = random.pick(['store-ca', 'store-root']);
    return away(world, secrets, { namespace: systemNamespace, name }, (restore) =>
      later(random.between(1_000, 40_000), `Secret ${name} is restored`, restore),
    );
  },
  loseDataStore: ({ world, random, later }) =>
    away(world, dataStores, { name: 'default' }, (restore) =>
      later(random.between(1_000, 40_000), 'the DataStore is made again', restore),
    ),
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof actions;

/** How often each is drawn, in proportion. */
export const actionWeights: Readonly<Record<ActionName, number>> = {
  kill: 12,
  killNow: 3,
  stop: 5,
  replace: 2,
  managementTrouble: 6,
  tenantTrouble: 3,
  storeTrouble: 4,
  storeDown: 4,
  lateWatches: 6,
  breakWatches: 5,
  crash: 4,
  evict: 3,
  slowNode: 1,
  create: 5,
  edit: 6,
  delete: 8,
  deleteOwned: 8,
  editOwned: 7,
  hideOwned: 3,
  deleteKubeconfig: 1,
  loseRoots: 4,
  spoilRoots: 2,
  spoilInside: 2,
  loseStoreSecret: 2,
  loseDataStore: 2,
};

/** Kinds of which Marina keeps caches. */
const watched = [
  'tenantcontrolplanes',
  'datastores',
  'services',
  'secrets',
  'configmaps',
  'deployments',
  'poddisruptionbudgets',
  'pods',
] as const;

const owned: readonly Resource[] = [services, secrets, configMaps, deployments, podDisruptionBudgets];
const componentLabel = 'app.kubernetes.io/component';

const edits: Readonly<Record<string, (object: StoredObject) => object>> = {
  configmaps: () => ({ data: { 'scheduler.kubeconfig': trace } }),
  secrets: ({ data }) => ({
    data: { [Object.keys(data as object)[0] ?? '']: Buffer.from(trace).toString('base64') },
  }),
  deployments: () => ({
    spec: { revisionHistoryLimit: 7, template: { metadata: { labels: { [componentLabel]: trace } } } },
  }),
};

const insideEdits = {
  configmaps: ({ data }: StoredObject) => ({ data: mapValues(data as object) }),
  clusterrolebindings: () => ({ subjects: [{ kind: 'User', name: trace }] }),
  deployments: () => ({ spec: { template: { metadata: { labels: { 'k8s-app': trace } } } } }),
  endpointslices: () => ({ endpoints: [{ addresses: [trace] }] }),
  services: () => ({ spec: { selector: { 'k8s-app': trace } } }),
} as const satisfies Record<string, (object: StoredObject) => object>;
const insideKinds = Object.keys(insideEdits) as (keyof typeof insideEdits)[];

/** A few of the fields that people change, with few values each, so that they are often changed back. */
export function randomSpec(random: Random): Partial<TenantControlPlaneSpecInput> {
  return {
    ...(random.chance(0.6) && {
      controlPlane: {
        deployment: {
          replicas: random.pick([1, 1, 1, 2, 0]),
          ...(random.chance(0.3) && { podAdditionalMetadata: { labels: { team: random.pick(['x', 'y']) } } }),
        },
        service: { serviceType: random.pick(['ClusterIP', 'NodePort', 'LoadBalancer']) },
      },
    }),
    ...(random.chance(0.3) && {
      networkProfile: { certSANs: [random.pick(['one.example', 'two.example'])] },
    }),
    ...(random.chance(0.3) && {
      addons: { coreDNS: { enabled: random.chance(0.5) }, kubeProxy: { enabled: random.chance(0.5) } },
    }),
    ...(random.chance(0.2) && { kubernetes: { version: random.pick(['v1.36.2', 'v1.36.3']) } }),
  };
}

function withMarina(act: (stage: Stage, marina: Marina) => string | undefined): Action {
  return (stage) => {
    const { living } = stage.world;
    const leader = living.find(({ leading }) => leading);
    if (living.length === 0) return undefined;
    return act(stage, leader && stage.random.chance(0.7) ? leader : stage.random.pick(living));
  };
}

function withTenant(act: (stage: Stage, tenant: StoredObject) => string | undefined): Action {
  return (stage) => {
    const tenants = stage.world.tenants().filter(({ metadata }) => !metadata?.deletionTimestamp);
    return tenants.length === 0
      ? undefined
      : stage.world.truth.byHand(() => act(stage, stage.random.pick(tenants)));
  };
}

function withOwned(
  act: (
    stage: Stage,
    owned: { readonly resource: Resource; readonly object: StoredObject },
  ) => string | undefined,
): Action {
  return (stage) => {
    const resource = stage.random.pick(owned);
    const objects = stage.world.management
      .all(resource.plural)
      .filter(
        ({ metadata }) => metadata?.namespace === tenantsNamespace && !metadata.name?.endsWith('-roots'),
      )
      .filter((object) => !isOnlyEvidence(stage.world, object));
    if (objects.length === 0) return undefined;
    const object = stage.random.pick(objects);
    return stage.world.truth.byHand(() => act(stage, { resource, object }));
  };
}

/** From a backup, unless the tenant is gone by then. */
function restoreRootsLater({ world, random, later }: Stage, tenant: StoredObject, areSpoilt: boolean): void {
  later(random.between(1_000, 40_000), `the roots of ${tenant.metadata?.name} are restored`, () => {
    const backup = world.truth.backupOfRoots(idOf(tenant.metadata?.uid));
    if (!backup || !isProvisioned(world, tenant)) return;
    const { uid: _uid, resourceVersion: _version, ...metadata } = backup.metadata ?? {};
    if (!rootsOf(world, tenant)) world.management.create(secrets, { ...backup, metadata });
    else if (areSpoilt)
      world.management.patch(secrets, refOf(backup), { type: 'merge', body: { data: backup['data'] } });
  });
}

/**
 * Whether it is the credential of a tenant whose status does not speak of a partition yet. Without it a deletion takes it that
 * there is none, and where the store cannot be opened at that moment either, the partition is left behind.
 */
function isOnlyEvidence(world: World, { metadata }: StoredObject): boolean {
  const id = metadata?.name?.endsWith('-datastore') && metadata.name.replace(/-datastore$/, '');
  const tenants = world.tenants() as unknown as TenantControlPlane[];
  const owner = tenants.find((tenant) => idOf(tenant.metadata?.uid) === id);
  return owner !== undefined && !owner.status?.timeline?.some(({ step }) => step === 'PartitionReady');
}

function rootsOf(world: World, tenant: StoredObject): StoredObject | undefined {
  return world.management.peek('secrets', `${tenantsNamespace}/${idOf(tenant.metadata?.uid)}-roots`);
}

function isProvisioned(world: World, { metadata }: StoredObject): boolean {
  const now = world.management.peek('tenantcontrolplanes', `${metadata?.namespace}/${metadata?.name}`);
  return now?.metadata?.uid === metadata?.uid && !now?.metadata?.deletionTimestamp;
}

function away(
  world: World,
  resource: Resource,
  ref: { readonly namespace?: string; readonly name: string },
  later: (restore: () => void) => void,
): string | undefined {
  const object = world.management.peek(resource.plural, keyOf(ref));
  if (!object) return undefined;
  world.management.delete(resource, ref, {});
  const { status: _status, ...rest } = object;
  later(() => void world.management.create(resource, rest));
  return `${resource.kind} ${ref.name} is deleted`;
}

function mapValues(map: object): Record<string, string> {
  return Object.fromEntries(Object.keys(map).map((name) => [name, trace]));
}
