import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { accessCommands } from './commands/access.ts';
import { backupCommands } from './commands/backups.ts';
import { controlPlaneCommands, inspectionCommands } from './commands/control-planes.ts';
import { settingsCommands } from './commands/settings.ts';
import type { CommandSpec } from './commands/spec.ts';
import type { Surroundings } from './context.ts';
import { marina } from './program.ts';

function open(isPlugin = false) {
  const told = { out: '', err: '' };
  const surroundings = {
    isPlugin,
    environment: {},
    terminal: {
      isInteractive: false,
      out: (text: string) => void (told.out += `${text}\n`),
      raw: (text: string) => void (told.out += text),
      err: (text: string) => void (told.err += `${text}\n`),
      progress: () => undefined,
    },
  } as unknown as Surroundings;
  return { told, program: marina(surroundings) };
}

const specs = [
  ...controlPlaneCommands,
  ...inspectionCommands,
  ...accessCommands,
  ...backupCommands,
  ...settingsCommands,
].flatMap((spec) => withPath(spec, []));

function withPath(
  spec: CommandSpec,
  above: readonly string[],
): readonly { readonly path: readonly string[]; readonly spec: CommandSpec }[] {
  const path = [...above, spec.usage.split(' ')[0] ?? ''];
  return [{ path, spec }, ...(spec.commands ?? []).flatMap((each) => withPath(each, path))];
}

/** As a shell splits it, as far as examples need that. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
}

function descend(
  command: Command,
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } {
  const [first, ...rest] = words;
  const next = command.commands.find((each) => each.name() === first || each.aliases().includes(first ?? ''));
  return next ? descend(next, rest) : { command, rest: words };
}

describe.each(specs.map((each) => [each.path.join(' '), each] as const))('marina %s', (_, { path, spec }) => {
  it('has help with examples that can be typed', () => {
    const { program, told } = open();
    const { command } = descend(program, path);
    command.outputHelp();
    expect(told.out).toContain('Examples:\n');
    for (const [line] of spec.examples) {
      expect(told.out).toContain(line);
      const [, typed = ''] = /marina (.*?)(?: [>|] .*|\)")?$/.exec(line) ?? [];
      const found = descend(program, wordsOf(typed));
      const { unknown } = found.command.parseOptions([...found.rest]);
      expect({ line, command: found.command.name(), unknown }).toMatchObject({ unknown: [] });
      expect(found.command.commands).toEqual([]);
    }
  });

  it('does something, or has commands that do', async () => {
    if (!spec.load) return expect(spec.commands?.length).toBeGreaterThan(0);
    expect(await spec.load()).toEqual(expect.any(Function));
  });
});

it.each([
  [['list', '--nothing'], 'commander.unknownOption'],
  [['lst'], 'commander.unknownCommand'],
  [['get'], 'commander.missingArgument'],
  [['list', 'too', 'much'], 'commander.excessArguments'],
  [['list', '-o', 'xml'], 'commander.invalidArgument'],
])('%j is refused as wrong usage', async (args, code) => {
  await expect(open().program.parseAsync(['node', 'marina', ...args])).rejects.toMatchObject({
    code,
    exitCode: 1,
  });
});

it('as a plug-in it calls itself as it was called', () => {
  const { program, told } = open(true);
  program.outputHelp();
  expect(told.out).toContain('Usage: kubectl marina');
});
