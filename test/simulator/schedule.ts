import { differences } from '../../src/kube/differences.ts';
import { type ActionName, actions, actionWeights, randomSpec, type Stage } from './actions.ts';
import { settle } from '../support/manual-clock.ts';
import { Random } from './random.ts';
import { type Finding, inspectEnd, inspectSettled } from './settled.ts';
import { resyncMs } from './settings.ts';
import { World } from './world.ts';

export interface Outcome {
  readonly seed: number;
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[];
  /** What happened, line by line, when asked for. */
  readonly trace: readonly string[];
  /** Milliseconds of simulated time. */
  readonly simulatedMs: number;
}

/** I4: how long a control plane may take after the last fault. */
const convergenceMs = 300_000;
const lookMs = 5_000;

/** One life of a small world by its seed: births, changes and deaths under faults, then peace, and a look at what came of it. */
export async function simulate(seed: number, options: { readonly trace?: boolean } = {}): Promise<Outcome> {
  const world = new World(seed, options);
  await world.furnish();
  const schedule = new Schedule(world, new Random(seed, 'schedule'));
  await schedule.run();
  for (const marina of world.marinas) {
    marina.process.kill();
    marina.shutDown();
  }
  await settle();
  return {
    seed,
    violations: world.truth.violations,
    trace: world.trace ?? [],
    simulatedMs: world.clock.monotonicMs(),
  };
}

class Schedule {
  private readonly world: World;
  private readonly random: Random;
  private readonly stage: Stage;
  private readonly repairs = new Set<() => void>();
  private insideTouched = false;
  private isRough = true;

  constructor(world: World, random: Random) {
    this.world = world;
    this.random = random;
    this.stage = {
      world,
      random,
      again: new Set(),
      later: (ms, what, act) => this.later(ms, what, act),
      touchedInside: () => (this.insideTouched = true),
    };
  }

  async run(): Promise<void> {
    const { world, random } = this;
    const replicas = random.chance(0.3) ? 2 : 1;
    for (let count = 0; count < replicas; count += 1) this.startMarina();
    this.createAgain();
    const spanMs = random.between(8_000, 60_000);
    for (const name of ['a', 'b', 'c'].slice(0, random.pick([1, 1, 1, 1, 1, 1, 2, 3]))) {
      world.clock.after(random.between(0, 4_000), () => this.create(name));
    }
    let atMs = 0;
    for (let left = random.between(2, 7); left > 0; left -= 1) {
      // Trouble seldom comes alone.
      atMs = random.chance(0.4) ? atMs + random.between(1, 400) : random.between(500, spanMs);
      const name = random.weighted(actionWeights);
      world.clock.after(atMs, () => this.act(name));
    }
    await world.clock.advance(spanMs);
    this.calm();
    await this.settle();
  }

  private act(name: ActionName): void {
    if (!this.isRough) return;
    const what = actions[name](this.stage);
    if (what) this.world.note('schedule', what);
  }

  private create(name: string): void {
    if (this.world.management.peek('tenantcontrolplanes', `team-a/${name}`)) return;
    this.world.createTenant(name, randomSpec(this.random));
    this.world.note('schedule', `${name} is created`);
  }

  /** As whatever runs Marina does it: a process that ends is followed by a new one. */
  private startMarina(): void {
    const { world, random } = this;
    const marina = world.startMarina();
    marina.process.onEnd(() => {
      world.note('schedule', `${marina.process.name} has ended`);
      if (this.isOver) return;
      const quick = random.chance(0.7);
      world.clock.after(random.between(100, quick ? 1_500 : 15_000), () => this.startMarina());
    });
  }

  private isOver = false;

  private createAgain(): void {
    const { world, random, stage } = this;
    world.management.listeners.add(({ plural, object, deleted }) => {
      const name = object.metadata?.name ?? '';
      if (plural !== 'tenantcontrolplanes' || !deleted || !stage.again.delete(name)) return;
      world.clock.after(random.between(0, random.chance(0.5) ? 50 : 3_000), () => this.create(name));
    });
  }

  private later(ms: number, what: string, act: () => void): void {
    const { world } = this;
    const repair = () => {
      if (!this.repairs.delete(repair)) return;
      world.note('schedule', what);
      world.truth.byHand(act);
    };
    this.repairs.add(repair);
    world.clock.after(ms, repair);
  }

  /** The faults end. */
  private calm(): void {
    this.isRough = false;
    for (const repair of [...this.repairs]) repair();
    const { world } = this;
    for (const { process } of world.marinas) process.dieAt(Infinity, 'after');
    world.note('schedule', 'the faults end');
  }

  private async settle(): Promise<void> {
    const { world, random } = this;
    const findings = await this.until(() => inspectSettled(world), convergenceMs);
    for (const { invariant, message } of findings) world.truth.violated(invariant, message);
    if (findings.length > 0) {
      this.isOver = true;
      return;
    }
    const isThorough = random.chance(0.05);
    if (this.insideTouched || isThorough) {
      // A reconcile puts the next resync off, so that a look may come twice as late.
      const left = await this.until(() => inspectEnd(world), 2.2 * resyncMs, 20_000);
      for (const { invariant, message } of left) world.truth.violated(invariant, message);
    }
    // Not every repair inside is waited for above, and the last ones come with the resyncs.
    if (isThorough && !this.insideTouched) await this.quiet();
    if (random.chance(0.4)) await this.clear();
    this.isOver = true;
  }

  /** Nothing is written any more, not even at resyncs. */
  private async quiet(): Promise<void> {
    const { world } = this;
    // The count of a DataStore’s tenants follows at its next look; a silent watch may have old news to tell.
    await world.clock.advance(Math.max(80_000, world.truth.watchesLateForMs));
    const changes = world.management.changes.length;
    const inside = [...world.store.data.values()].map((server) => [server, server.changes.length] as const);
    await world.clock.advance(2.2 * resyncMs);
    const written = world.management.changes.slice(changes).filter(({ plural }) => plural !== 'leases');
    for (const server of inside) written.push(...server[0].changes.slice(server[1]));
    for (const { plural, object, previous } of written) {
      const paths = differences(object, previous).join();
      world.truth.violated(
        'quiet',
        `${plural} ${object.metadata?.name} is written though nothing changed: ${paths}`,
      );
    }
  }

  /** Everybody leaves. */
  private async clear(): Promise<void> {
    const { world } = this;
    world.note('schedule', 'every tenant is deleted');
    for (const { metadata } of world.tenants()) {
      const ref = { namespace: metadata?.namespace, name: metadata?.name ?? '' };
      world.management.delete({ plural: 'tenantcontrolplanes', kind: 'TenantControlPlane' }, ref);
    }
    const findings = await this.until(() => inspectSettled(world), convergenceMs);
    for (const { invariant, message } of findings) world.truth.violated(invariant, message);
  }

  /** Looks every few seconds until nothing is found any more; what is found at the end is the result. */
  private async until(inspect: () => Finding[], ms: number, everyMs = lookMs): Promise<Finding[]> {
    for (let waited = 0; ; waited += everyMs) {
      const findings = inspect();
      if (findings.length === 0 || waited >= ms) return findings;
      await this.world.clock.advance(everyMs);
    }
  }
}
