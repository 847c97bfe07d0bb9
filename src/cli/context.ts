import type { Backend } from './backend.ts';
import type { Format } from './output/format.ts';
import type { Config } from './settings/config-file.ts';
import type { Target, TargetFlags } from './settings/target.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flags that every command takes which speaks to Marina. */
export interface CommonFlags extends TargetFlags {
  readonly format?: Format;
  readonly timeout?: string;
  readonly verbose?: boolean;
}

/** What the process gives to a command. */
export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** Whether it runs as `kubectl marina`. */
  readonly isPlugin: boolean;
  readonly now: () => Date;
  readonly monotonicMs: () => number;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly readStdin: () => Promise<string>;
  /** One line that nobody sees, or the standard input where nobody types. */
  readonly readSecret: (prompt: string) => Promise<string>;
  /** Ends everything: Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What a command works with. */
export interface Context extends Surroundings {
  readonly flags: CommonFlags;
  readonly format: Format;
  readonly configFile: string;
  config(): Promise<Config>;
  target(): Promise<Target>;
  /** Opened when it is first asked for, and closed after the command. */
  backend(): Promise<Backend>;
  /** The one that the command is about. */
  namespace(): Promise<string>;
  /** Milliseconds that a command waits. */
  readonly timeoutMs: number;
}
