import path from 'node:path';
import type { V1ContainerStatus } from '@kubernetes/client-node';
import type { BinaryName } from '../../hack/toolchain/binaries.ts';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import type { Clock } from '../../src/engine/clock.ts';
import type { Pod } from '../../src/kube/resources.ts';
import { httpsStatus } from './https.ts';
import { type RunningProcess, startProcess } from './processes.ts';

export type Container = NonNullable<Pod['spec']>['containers'][number];
/** As on the wire: times are strings. */
type Status = Omit<V1ContainerStatus, 'state' | 'lastState'> & {
  readonly state?: object;
  readonly lastState?: object;
};

export interface ProgramOptions {
  readonly container: Container;
  /** The pod's, which the program listens on. */
  readonly address: string;
  /** Holds the mounted files under their paths in the container, and the log. */
  readonly directory: string;
  /** Whether to run the program at all; otherwise it is said to run, and to be ready. */
  readonly isReal: boolean;
  readonly clock: Clock;
  /** After every change of `status`. */
  readonly changed: () => void;
}

/** A quarter of the kubelet's patience, so that a test sees a loop of crashes in seconds. */
const restartMs = [0, 2500, 5000, 10_000, 20_000];
const probeMs = { starting: 100, ready: 1000 };
/** Ten seconds where nothing answers: a machine that has much else to do is no reason. */
const unreadyAfterFailures = 5;
/** Bytes of a log that become the message of an exit (kubelet, FallbackToLogsOnError). */
const messageBytes = 2048;

/** One container of a pod as a process: started, probed, and started again when it ends, until it is stopped. */
export class Program {
  readonly name: string;
  private readonly options: ProgramOptions;
  private process: RunningProcess | undefined;
  /** Until the end of the process has been taken in. */
  private exit: Promise<void> = Promise.resolve();
  private isReady = false;
  private isStopping = false;
  private restarts = 0;
  private waiting: string | undefined = 'ContainerCreating';
  private startedAt: string | undefined;
  private lastExit: object | undefined;
  private cancelTimer: () => void = () => undefined;

  constructor(options: ProgramOptions) {
    this.options = options;
    this.name = options.container.name;
  }

  get ready(): boolean {
    return this.isReady;
  }

  get restartCount(): number {
    return this.restarts;
  }

  get pid(): number | undefined {
    return this.process?.running ? this.process.pid : undefined;
  }

  get status(): Status {
    const { name, image = '' } = this.options.container;
    const state = this.waiting
      ? { waiting: { reason: this.waiting } }
      : { running: { startedAt: this.startedAt } };
    return {
      name,
      image,
      imageID: image,
      ready: this.isReady,
      started: this.waiting === undefined,
      restartCount: this.restarts,
      state,
      lastState: this.lastExit ? { terminated: this.lastExit } : {},
    };
  }

  async start(): Promise<void> {
    const { isReal, clock } = this.options;
    if (isReal) await this.spawn();
    this.waiting = undefined;
    this.startedAt = clock.now().toISOString();
    if (isReal) this.probe(0);
    else this.isReady = true;
    this.options.changed();
  }

  /** SIGTERM, and SIGKILL after ten seconds. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.cancelTimer();
    await this.process?.stop();
  }

  /** SIGKILL; what follows is as after any other crash. */
  async kill(): Promise<void> {
    if (!this.options.isReal) return this.ended({ exitCode: 137, message: '' });
    const { exit } = this;
    await this.process?.kill();
    await exit;
  }

  pause(): void {
    this.process?.pause();
  }

  resume(): void {
    this.process?.resume();
  }

  private async spawn(): Promise<void> {
    const { container, directory } = this.options;
    const program = path.posix.basename(container.command?.[0] ?? '') as BinaryName;
    const process = await startProcess({
      command: (await ensureBinaries([program]))[program],
      args: processArguments(this.options),
      env: Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value])),
      logFile: path.join(directory, `${this.name}-${this.restarts}.log`),
    });
    this.process = process;
    this.exit = process.exited.then(async ({ code, signal }) => {
      const message = (await process.logTail()).slice(-messageBytes);
      await this.ended({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 143), message });
    });
  }

  private async ended(exit: { readonly exitCode: number; readonly message: string }): Promise<void> {
    this.cancelTimer();
    if (this.isStopping) return;
    const { clock, changed } = this.options;
    this.lastExit = {
      ...exit,
      reason: exit.exitCode === 0 ? 'Completed' : 'Error',
      startedAt: this.startedAt,
      finishedAt: clock.now().toISOString(),
    };
    this.isReady = false;
    const waitMs = restartMs[Math.min(this.restarts, restartMs.length - 1)] ?? 0;
    this.waiting = 'CrashLoopBackOff';
    this.restarts += 1;
    changed();
    this.cancelTimer = clock.after(waitMs, () => void this.start());
  }

  private probe(failures: number): void {
    const wait = this.isReady ? probeMs.ready : probeMs.starting;
    this.cancelTimer = this.options.clock.after(wait, () => void this.probeOnce(failures));
  }

  private async probeOnce(failures: number): Promise<void> {
    const { process } = this;
    const answers = await this.answers();
    if (this.isStopping || process !== this.process || !process?.running) return;
    const inARow = answers ? 0 : failures + 1;
    const isReady = answers || (this.isReady && inARow < unreadyAfterFailures);
    if (isReady !== this.isReady) {
      this.isReady = isReady;
      this.options.changed();
    }
    this.probe(inARow);
  }

  private async answers(): Promise<boolean> {
    const { container, address } = this.options;
    const target = container.readinessProbe?.httpGet ?? container.startupProbe?.httpGet;
    const url = `${address}:${target?.port}${target?.path}`;
    if (target?.scheme === 'HTTP') return answersHttp(`http://${url}`);
    return (await httpsStatus(`https://${url}`, { rejectUnauthorized: false })) === 200;
  }
}

async function answersHttp(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

/** The arguments as in the pod, with the files where they really are and the pod's address to listen on. */
function processArguments({ container, directory, address }: ProgramOptions): readonly string[] {
  const paths = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  const real = (argument: string) =>
    paths
      .reduce((text, mount) => text.replaceAll(mount, path.join(directory, mount)), argument)
      .replace(/=:(\d+)$/, `=${address}:$1`);
  const args = (container.args ?? []).map(real);
  if (container.name === 'kine') return args;
  return [
    ...args,
    `--bind-address=${address}`,
    ...(container.name === 'kube-apiserver' ? [`--advertise-address=${address}`] : []),
  ];
}
