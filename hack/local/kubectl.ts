import { ensureBinaries } from '../toolchain/binaries.ts';
import { LocalError, messageOf } from './errors.ts';
import type { CommandOptions, CommandResult, Shell } from './shell.ts';

/** kubectl with one kubeconfig. */
export interface Kubectl {
  readonly kubeconfig: string;
  run(args: readonly string[], options?: CommandOptions): Promise<string>;
  probe(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Server-side apply of objects, or of files when given a path. */
  apply(objects: readonly object[]): Promise<void>;
  applyPath(flag: '-f' | '-k', path: string): Promise<void>;
  /** The object as JSON, or undefined when there is none. */
  get(args: readonly string[]): Promise<KubernetesObject | undefined>;
}

/** As much of an object as is read here. */
export interface KubernetesObject {
  readonly metadata?: { readonly name?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
  };
}

const fieldManager = 'marina-up';

export async function openKubectl(shell: Shell, kubeconfig: string): Promise<Kubectl> {
  const { kubectl } = await ensureBinaries(['kubectl'], shell.progress);
  const withConfig = (args: readonly string[]): readonly string[] => ['--kubeconfig', kubeconfig, ...args];
  const run = (args: readonly string[], options?: CommandOptions): Promise<string> =>
    shell.run(kubectl, withConfig(args), options);
  const probe = (args: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
    shell.probe(kubectl, withConfig(args), options);
  const applyArgs = ['apply', '--server-side', '--force-conflicts', '--field-manager', fieldManager];

  return {
    kubeconfig,
    run,
    probe,
    async apply(objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      await run([...applyArgs, '-f', '-'], { input: JSON.stringify(list) });
    },
    async applyPath(flag, path) {
      await run([...applyArgs, flag, path]);
    },
    async get(args) {
      const secret = args.includes('secret');
      const result = await probe(['get', ...args, '--output', 'json', '--ignore-not-found'], { secret });
      if (result.status !== 0) {
        throw new LocalError({
          code: 'CommandFailed',
          operation: `kubectl get ${args.join(' ')}`,
          message: result.stderr.trim(),
        });
      }
      return result.stdout.trim() ? (JSON.parse(result.stdout) as KubernetesObject) : undefined;
    },
  };
}

/**
 * `kubectl wait`, with what the object says of itself when the time is up.
 * @param target e.g. `['--namespace', 'default', 'tcp/demo']`
 */
export async function waitForCondition(
  kubectl: Kubectl,
  target: readonly string[],
  condition: string,
  seconds: number,
): Promise<void> {
  try {
    await kubectl.run(['wait', `--for=condition=${condition}`, `--timeout=${seconds}s`, ...target]);
  } catch (cause) {
    const object = await kubectl.get(target).catch(() => undefined);
    const told = (object?.status?.conditions ?? [])
      .filter(({ status }) => status !== 'True')
      .map(({ type, status, reason, message }) => `${type}=${status} ${reason ?? ''}: ${message ?? ''}`);
    throw new LocalError({
      code: 'TimedOut',
      operation: `wait for ${target.join(' ')} to be ${condition}`,
      message: told.length > 0 ? told.join('\n') : messageOf(cause),
      remedy: `kubectl --kubeconfig ${kubectl.kubeconfig} describe ${target.join(' ')}`,
      cause,
    });
  }
}
