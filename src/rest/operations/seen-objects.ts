import type { Clock } from '../../engine/clock.ts';
import type { KubeClient } from '../../kube/client.ts';
import type { ObjectRef, Resource } from '../../kube/resource.ts';
import type { CustomResource } from '../resources/representation.ts';

/** Milliseconds for which an object is not read again. */
const freshMs = 2_000;

interface SubjectRef extends ObjectRef {
  readonly uid: string;
}

interface Seen {
  readonly atMs: number;
  readonly object: Promise<CustomResource | undefined>;
}

/**
 * Objects as operations on them have found them a moment ago, by UID: what somebody asks about UID is older than the read for it, and whoever is
 * gone stays so. What is a moment old may say that something still goes on, never that it has ended too early.
 */
export class SeenObjects {
  private readonly client: Pick<KubeClient, 'get'>;
  private readonly clock: Clock;
  /** The oldest first. */
  private readonly seen = new Map<string, Seen>();

  constructor(client: Pick<KubeClient, 'get'>, clock: Clock) {
    this.client = client;
    this.clock = clock;
  }

  /** As it was when it was last read, or anew. Rejects with a `KubeError`. */
  recent(resource: Resource<CustomResource>, operation: SubjectRef): Promise<CustomResource | undefined> {
    this.forget();
    return this.seen.get(operation.uid)?.object ?? this.read(resource, operation);
  }

  /** As it is now. Rejects with a `KubeError`. */
  read(
    resource: Resource<CustomResource>,
    { uid, namespace, name }: SubjectRef,
  ): Promise<CustomResource | undefined> {
    const object = this.client.get(resource, { ...(namespace !== undefined && { namespace }), name });
    const seen = { atMs: this.clock.monotonicMs(), object };
    this.seen.delete(uid);
    this.seen.set(uid, seen);
    // A failure is nothing that was seen.
    object.catch(() => this.seen.get(uid) === seen && this.seen.delete(uid));
    return object;
  }

  private forget(): void {
    const nowMs = this.clock.monotonicMs();
    for (const [uid, { atMs }] of this.seen) {
      if (nowMs - atMs < freshMs) return;
      this.seen.delete(uid);
    }
  }
}
