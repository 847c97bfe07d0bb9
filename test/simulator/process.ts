import type { Clock } from '../../src/engine/clock.ts';
import type { Random } from './random.ts';

/** Where in an effect on something outside a process ends: `before` it is sent, or `after` it, with the answer lost. */
export type DeathPoint = 'before' | 'after';

/**
 * What an operating system process is to a simulation: it can be killed between any two steps, and stopped and continued.
 * Everything that happens to it comes as a callback of its clock or an answer from outside; a dead one gets none any more.
 */
export class SimulatedProcess implements Clock {
  readonly name: string;
  /** Time outside, which goes on when the process does not. */
  readonly outside: Clock;
  private readonly random: Random;
  private state: 'running' | 'stopped' | 'dead' = 'running';
  private readonly held: (() => void)[] = [];
  private readonly endings = new Set<() => void>();
  private death: { effects: number; readonly point: DeathPoint } | undefined;

  constructor(name: string, outside: Clock, random: Random) {
    this.name = name;
    this.outside = outside;
    this.random = random;
  }

  get alive(): boolean {
    return this.state !== 'dead';
  }

  get stopped(): boolean {
    return this.state === 'stopped';
  }

  now(): Date {
    return this.outside.now();
  }

  monotonicMs(): number {
    return this.outside.monotonicMs();
  }

  after(ms: number, callback: () => void): () => void {
    let cancelled = false;
    const cancel = this.outside.after(ms, () => this.deliver(() => !cancelled && callback()));
    return () => {
      cancelled = true;
      cancel();
    };
  }

  /** Something from outside reaches the process: now, when it is continued, or never. */
  deliver(callback: () => void): void {
    if (this.state === 'running') callback();
    else if (this.state === 'stopped') this.held.push(callback);
  }

  onEnd(ending: () => void): void {
    this.endings.add(ending);
  }

  kill(): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.held.length = 0;
    for (const ending of this.endings) ending();
  }

  stop(): void {
    if (this.state === 'running') this.state = 'stopped';
  }

  continue(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    for (const callback of this.held.splice(0)) this.deliver(callback);
  }

  /** It will die at its `effects`-th effect from now. */
  dieAt(effects: number, point: DeathPoint): void {
    this.death = { effects, point };
  }

  /** Counts one effect on something outside; says where in it the process dies, if it does. */
  countEffect(): DeathPoint | undefined {
    if (!this.death) return undefined;
    this.death.effects -= 1;
    return this.death.effects > 0 ? undefined : this.death.point;
  }

  /** Whether there is no open connection for the next request. */
  waitsForConnection(): boolean {
    return this.random.chance(0.1);
  }

  /** Milliseconds that a message takes. */
  latency(): number {
    return this.random.chance(0.9) ? this.random.between(1, 6) : this.random.between(6, 60);
  }
}
