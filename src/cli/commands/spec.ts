import type { Option } from 'commander';
import type { Context } from '../context.ts';

/** What a command does; `Flags` are those of its own options. */
export type Action<Flags> = (context: Context, args: readonly string[], flags: Flags) => Promise<void>;

/** A command as people see it. What it does is loaded when it is run: `--help` is to be quick. */
export interface CommandSpec {
  /** Its name and arguments, e.g. `get <name>`. */
  readonly usage: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** More than the summary. */
  readonly description?: string;
  /** What to type, and what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  readonly options?: readonly Option[];
  /** Of a group. */
  readonly commands?: readonly CommandSpec[];
  /** Left out for a group. Commander gives flags as the options say, which only the action knows. */
  readonly load?: () => Promise<Action<never>>;
  /** Whether it speaks to nobody: no flags about where to and how to show. */
  readonly isLocal?: boolean;
}
