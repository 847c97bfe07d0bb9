import type { TenantControlPlane } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { findCondition } from '../../src/engine/conditions.ts';
import { keyOf, refOf } from '../../src/kube/resource.ts';
import { decodeData } from '../../src/kube/secret-data.ts';
import { type Change, type StoredObject } from './api-server.ts';
import type { Marina } from './marina.ts';
import { inspectCertificate } from './paper-pki.ts';
import { idOf, tenantsNamespace } from './tenant-clusters.ts';
import type { World } from './world.ts';

/** What Marina may be behind the world, in milliseconds, while nothing delays its watches. */
const ordinaryLagMs = 5_000;
/** How long a watch that went silent may stay unnoticed, and a little. */
const silentMs = 170_000;

interface Known {
  readonly uid: string;
  readonly name: string;
  /** Of the roots as they were made first. */
  roots: StoredObject | undefined;
  rootsGoneSinceMs: number | undefined;
  podMade: boolean;
  fingerprint: string | undefined;
}

/** Sees everything that happens, and what of it must never happen. */
export class Truth {
  readonly violations: string[] = [];
  private readonly world: World;
  private readonly tenants = new Map<string, Known>();
  private readonly authorities = new Map<string, string>();
  private isHand = false;
  private watchesLateUntilMs = 0;

  constructor(world: World) {
    this.world = world;
    world.management.listeners.add((change) => this.notice(change));
  }

  /** Runtime ids of every tenant that ever was. */
  get everyone(): string[] {
    return [...this.tenants.keys()];
  }

  /** Somebody, not Marina, changes something. */
  byHand<T>(act: () => T): T {
    this.isHand = true;
    try {
      return act();
    } finally {
      this.isHand = false;
    }
  }

  /** From now on watches may be late, or silent, until `ms` from now. */
  watchesAreLateFor(ms: number): void {
    this.watchesLateUntilMs = Math.max(this.watchesLateUntilMs, this.nowMs() + ms + silentMs);
  }

  /** How much longer. */
  get watchesLateForMs(): number {
    return Math.max(0, this.watchesLateUntilMs - this.nowMs());
  }

  ownerOfAuthority(serialNumber: string): string {
    return this.authorities.get(serialNumber) ?? '';
  }

  /** As Marina made them last. */
  backupOfRoots(id: string): StoredObject | undefined {
    return this.tenants.get(id)?.roots;
  }

  violated(invariant: string, message: string): void {
    const seconds = (this.nowMs() / 1_000).toFixed(3);
    this.violations.push(`${invariant} at ${seconds}: ${message}`);
    this.world.note('VIOLATED', `${invariant} ${message}`);
  }

  /** A write of a process leaves it. */
  writeSent(marina: Marina, operation: string): void {
    const leaders = this.world.marinas.filter((each) => each.leading);
    if (leaders.length > 1)
      this.violated('fence', `${leaders.length} processes hold the lease at ${operation}`);
    if (!leaders.includes(marina))
      this.violated('fence', `${marina.process.name} sends without the lease: ${operation}`);
  }

  partitionChanged(effect: 'make' | 'remove', id: string): void {
    const tenant = this.world.tenants().find(({ metadata }) => idOf(metadata?.uid) === id);
    if (effect === 'make') {
      if (!tenant) this.violated('I6', `a partition is made for ${this.name(id)}, which is gone`);
      return;
    }
    if (tenant && !tenant.metadata?.deletionTimestamp) {
      this.violated('I3', `the partition of ${this.name(id)} is removed, which is not deleted`);
    }
    const running = this.world.workloads.of(id).filter((pod) => pod.started);
    if (running.length > 0) {
      this.violated('I3', `the partition of ${this.name(id)} is removed while ${running[0]?.key} runs`);
    }
  }

  private notice(change: Change): void {
    const { plural, object } = change;
    if (plural === 'tenantcontrolplanes') this.noticeTenant(change);
    else if (plural === 'secrets' && object.metadata?.name?.endsWith('-roots')) this.noticeRoots(change);
    else if (plural === 'pods' && !change.previous) {
      const known = this.tenants.get(object.metadata?.labels?.['marina.dev/runtime-id'] ?? '');
      if (known) known.podMade = true;
    }
  }

  private noticeRoots({ object, previous, deleted }: Change): void {
    const id = object.metadata?.name?.replace(/-roots$/, '') ?? '';
    const known = this.tenants.get(id);
    if (!known) {
      if (!previous) this.violated('I6', `roots are made for ${id}, which nobody knows`);
      return;
    }
    known.rootsGoneSinceMs = deleted ? this.nowMs() : undefined;
    if (deleted || this.isHand) return;
    if (previous) this.violated('I3', `the roots of ${known.name} are changed`);
    else if (known.roots && known.podMade) this.violated('I3', `the roots of ${known.name} are made again`);
    known.roots = object;
    const authority = decodeData(object)['ca.crt'] ?? '';
    this.authorities.set(inspectCertificate(authority).serialNumber, id);
  }

  private noticeTenant({ object, previous, deleted }: Change): void {
    const id = idOf(object.metadata?.uid);
    if (!previous) {
      this.tenants.set(id, {
        uid: object.metadata?.uid ?? '',
        name: keyOf(refOf(object)),
        roots: undefined,
        rootsGoneSinceMs: undefined,
        podMade: false,
        fingerprint: undefined,
      });
      return;
    }
    if (deleted) {
      for (const left of this.remains(id)) this.violated('I6', `${this.name(id)} is gone, but not ${left}`);
    } else if (object['status'] !== previous['status']) {
      this.statusWritten(id, object as unknown as TenantControlPlane, previous);
    }
  }

  /** What is left of a tenant anywhere. */
  remains(id: string): string[] {
    const { management, store } = this.world;
    const known = this.tenants.get(id);
    const kinds = [
      'secrets',
      'configmaps',
      'services',
      'deployments',
      'poddisruptionbudgets',
      'pods',
    ] as const;
    const objects = kinds.flatMap((plural) =>
      management
        .all(plural)
        .filter((object) => belongsTo(object, id))
        .map((object) => `${plural} ${keyOf(refOf(object))}`),
    );
    return known ? [...objects, ...store.remains(id)] : objects;
  }

  private statusWritten(id: string, tenant: TenantControlPlane, previous: StoredObject): void {
    const { generation, deletionTimestamp } = tenant.metadata ?? {};
    const { status } = tenant;
    const before = (previous as unknown as TenantControlPlane).status;
    const known = this.tenants.get(id);
    if (!known || !status) return;
    if (before?.rootsFingerprint && status.rootsFingerprint !== before.rootsFingerprint) {
      this.violated('I3', `the fingerprint of ${known.name} changes`);
    }
    if (status.observedGeneration !== generation) {
      this.violated('I5', `${known.name}: observedGeneration ${status.observedGeneration} of ${generation}`);
    }
    const ready = findCondition(status.conditions, 'Ready');
    if (ready?.status !== 'True') return;
    const claim = (what: string) => this.violated('I5', `${known.name} is said to be Ready ${what}`);
    if (deletionTimestamp) claim('while it is deleted');
    if (ready.observedGeneration !== generation) claim('of another generation');
    this.readyClaimed(id, known, claim);
  }

  /** With what Marina cannot know yet allowed for. */
  private readyClaimed(id: string, known: Known, claim: (what: string) => void): void {
    const nowMs = this.nowMs();
    const lagMs = nowMs < this.watchesLateUntilMs ? silentMs : ordinaryLagMs;
    const { workloads, store } = this.world;
    if (workloads.serving(id).length === 0) {
      const lastMs = workloads.lastServedMs.get(id);
      if (lastMs === undefined) claim('before any pod served');
      else if (nowMs - lastMs > lagMs) claim(`${nowMs - lastMs} ms after the last pod served`);
    }
    if (!known.roots) claim('without roots');
    const rootsGoneMs = nowMs - (known.rootsGoneSinceMs ?? nowMs);
    if (rootsGoneMs > lagMs) claim(`${rootsGoneMs} ms after its roots went`);
    if (!store.serves(id)) claim('without a partition');
  }

  private name(id: string): string {
    return this.world.nameOf(id);
  }

  private nowMs(): number {
    return this.world.clock.monotonicMs();
  }
}

function belongsTo({ metadata }: StoredObject, id: string): boolean {
  if (metadata?.labels?.['marina.dev/runtime-id'] === id) return true;
  return metadata?.namespace === tenantsNamespace && (metadata.name ?? '').startsWith(id);
}
