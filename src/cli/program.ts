import { Argument, Command, type Option } from 'commander';
import { accessCommands } from './commands/access.ts';
import { backupCommands } from './commands/backups.ts';
import { controlPlaneCommands, inspectionCommands } from './commands/control-planes.ts';
import { commonOptions } from './commands/options.ts';
import { settingsCommands } from './commands/settings.ts';
import type { CommandSpec } from './commands/spec.ts';
import type { CommonFlags, Surroundings } from './context.ts';
import { exitCodes } from './failure.ts';
import { version } from './version.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

const groups: readonly (readonly [title: string, commands: readonly CommandSpec[]])[] = [
  ['Control planes:', controlPlaneCommands],
  ['Access:', accessCommands],
  ['Backups:', backupCommands],
  ['Looking into it:', inspectionCommands],
  ['Settings:', settingsCommands],
];

/** The whole command line. Parsing rejects with a `CommanderError` for wrong usage, with whatever a command fails with otherwise. */
export function marina(surroundings: Surroundings): Command {
  const { isPlugin, terminal } = surroundings;
  const program: Command = new Command(isPlugin ? 'kubectl marina' : 'marina')
    .description('Hosted Kubernetes control planes: make them, join machines, get in, save them.')
    .version(version(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.raw(text),
      writeErr: (text) => terminal.err(text.trimEnd()),
      // Told once, by whoever started this.
      outputError: () => undefined,
    })
    .showSuggestionAfterError()
    .addHelpText('after', () => footer(program));
  for (const [title, specs] of groups) {
    program.commandsGroup(title);
    for (const spec of specs) program.addCommand(build(spec, surroundings, program));
  }
  program.addCommand(completion(surroundings, program));
  program.addCommand(versionCommand(surroundings, program));
  return program;
}

function build(spec: CommandSpec, surroundings: Surroundings, parent: Command): Command {
  const [name = '', ...args] = spec.usage.split(' ');
  const command = new Command(name)
    .copyInheritedSettings(parent)
    .summary(spec.summary)
    .description(spec.description === undefined ? `${spec.summary}.` : `${spec.summary}. ${spec.description}`)
    .aliases(spec.aliases ?? [])
    .addHelpText('after', `\nExamples:\n${spec.examples.map(formatExample).join('\n')}`);
  for (const argument of args) command.addArgument(new Argument(argument));
  for (const each of optionsOf(spec)) command.addOption(each);
  for (const each of spec.commands ?? []) command.addCommand(build(each, surroundings, command));
  const { load } = spec;
  if (load) command.action((...given: unknown[]) => run(load, surroundings, given));
  return command;
}

function optionsOf({ options = [], load }: CommandSpec): readonly Option[] {
  return load ? [...options, ...commonOptions()] : options;
}

/** Commander gives the arguments, the flags and the command, in this order. */
async function run(
  load: NonNullable<CommandSpec['load']>,
  surroundings: Surroundings,
  given: readonly unknown[],
): Promise<void> {
  const flags = given.at(-2) as CommonFlags;
  const args = given.slice(0, -2).flat() as readonly (string | undefined)[];
  const { withContext } = await import('./open-context.ts');
  const action = await load();
  const named = args.filter((arg) => arg !== undefined);
  await withContext(surroundings, flags, (context) => action(context, named, flags as never));
}

function completion({ terminal }: Surroundings, program: Command): Command {
  return new Command('completion')
    .copyInheritedSettings(program)
    .summary('Print what a shell needs to complete commands')
    .description('Print what a shell needs to complete commands.')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', `\nExamples:\n${completionExamples.map(formatExample).join('\n')}`)
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion.ts');
      terminal.out(completionScript(shell, program));
    });
}

const completionExamples: CommandSpec['examples'] = [
  ['source <(marina completion bash)', 'in this shell; in ~/.bashrc for all'],
  ['marina completion zsh > "${fpath[1]}/_marina"', 'for zsh'],
  ['marina completion fish > ~/.config/fish/completions/marina.fish', 'for fish'],
];

function versionCommand({ terminal }: Surroundings, program: Command): Command {
  return new Command('version')
    .copyInheritedSettings(program)
    .summary('Print the version')
    .description('Print the version of this program; `marina doctor` tells that of the server.')
    .addHelpText('after', `\nExamples:\n${formatExample(['marina version', ''])}`)
    .action(() => terminal.out(`marina ${version()}`));
}

function formatExample([command, does]: readonly [string, string]): string {
  return does === '' ? `  ${command}` : `  # ${does}\n  ${command}`;
}

function footer(program: Command): string {
  const codes = Object.entries(exitCodes).map(([name, code]) => `${code} ${name}`);
  return [
    '\nExamples:',
    formatExample([`${program.name()} login https://marina.example -n team-a`, 'once']),
    formatExample([`${program.name()} create blue --version 1.36.3 --wait`, 'a control plane']),
    formatExample([`${program.name()} join blue`, 'the line for its machines']),
    `\nExit status: ${codes.join(', ').replace('notFound', 'not found')}.`,
  ].join('\n');
}
