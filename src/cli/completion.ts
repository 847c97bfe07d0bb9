import type { Command } from 'commander';

/** One command as a shell has to know it. */
interface Node {
  /** Names from the program's first command on, e.g. `token create`; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly {
    /** e.g. `--format` */
    readonly long: string;
    /** e.g. `-o` */
    readonly short: string | undefined;
    readonly description: string;
    readonly takesValue: boolean;
    /** What may follow; empty: anything. */
    readonly values: readonly string[];
    readonly isFile: boolean;
  }[];
  /** What its argument may be; empty: anything. */
  readonly values: readonly string[];
}

/** A script that a shell sources. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish', program: Command): string {
  const nodes = nodesOf(program, '');
  if (shell === 'bash') return bash(nodes);
  return shell === 'zsh' ? zsh(nodes) : fish(nodes);
}

function nodesOf(command: Command, path: string): readonly Node[] {
  const own: Node = {
    path,
    commands: command.commands.map((each) => ({ name: each.name(), summary: each.summary() })),
    options: [
      ...command.options.map((option) => ({
        long: option.long ?? '',
        short: option.short,
        description: option.description,
        takesValue: option.required || option.optional,
        values: option.argChoices ?? [],
        isFile: /<file>/.test(option.flags),
      })),
      { long: '--help', short: '-h', description: 'show help', takesValue: false, values: [], isFile: false },
    ],
    values: command.registeredArguments[0]?.argChoices ?? [],
  };
  const below = command.commands.flatMap((each) => nodesOf(each, `${path} ${each.name()}`.trim()));
  return [own, ...below];
}

/** Cases of a shell's `case`, one a line. */
function cases(entries: readonly (readonly [pattern: string, body: string])[]): string {
  return entries.map(([pattern, body]) => `    ${pattern}) ${body} ;;`).join('\n');
}

function optionCases(
  nodes: readonly Node[],
  file: string,
  values: (words: readonly string[]) => string,
): string {
  const seen = new Map<string, string>();
  for (const { path, options } of nodes)
    for (const { long, short, takesValue, values: words, isFile } of options) {
      if (!takesValue) continue;
      const body = isFile ? file : values(words);
      for (const flag of short === undefined ? [long] : [long, short]) seen.set(`"${path} ${flag}"`, body);
    }
  return cases([...seen]);
}

function words(node: Node): string {
  return [
    ...node.commands.map(({ name }) => name),
    ...node.values,
    ...node.options.map(({ long }) => long),
  ].join(' ');
}

/** Follows the words that are commands; what an option takes is left out. */
function pathCases(nodes: readonly Node[]): string {
  return nodes
    .filter(({ path }) => path !== '')
    .map(({ path }) => `"${path}"`)
    .join('|');
}

function bash(nodes: readonly Node[]): string {
  return `# bash completion for marina
_marina() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path="" next word words=""
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in
    ${pathCases(nodes)}) path=$next ;;
    esac
  done
  case "$path $prev" in
${optionCases(
  nodes,
  'mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return',
  (values) => `mapfile -t COMPREPLY < <(compgen -W "${values.join(' ')}" -- "$cur"); return`,
)}
  esac
  case "$path" in
${cases(nodes.map((node) => [`"${node.path}"`, `words="${words(node)}"`]))}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _marina marina`;
}

function zsh(nodes: readonly Node[]): string {
  const described = ({ commands, values, options }: Node) =>
    [
      ...commands.map(({ name, summary }) => quoteEntry(name, summary)),
      ...values.map((value) => quoteEntry(value, '')),
      ...options.map(({ long, description }) => quoteEntry(long, description)),
    ].join(' ');
  return `#compdef marina
# zsh completion for marina
_marina() {
  local prev=\${words[CURRENT-1]} at="" next word
  local -a entries
  for word in \${words[2,CURRENT-1]}; do
    next="\${at:+$at }$word"
    case "$next" in
    ${pathCases(nodes)}) at=$next ;;
    esac
  done
  case "$at $prev" in
${optionCases(nodes, '_files; return', (values) => (values.length > 0 ? `compadd -- ${values.join(' ')}; return` : 'return'))}
  esac
  case "$at" in
${cases(nodes.map((node) => [`"${node.path}"`, `entries=(${described(node)})`]))}
  esac
  _describe 'marina' entries
}
if [ "$funcstack[1]" = "_marina" ]; then _marina "$@"; else compdef _marina marina; fi`;
}

function quoteEntry(name: string, description: string): string {
  return quote(description === '' ? name : `${name}:${description.replaceAll(':', '\\:')}`);
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, commands, values, options }) => {
    const when = `-n ${quote(`__marina_at '${path}'`)}`;
    return [
      ...commands.map(({ name, summary }) => `complete -c marina -f ${when} -a ${name} -d ${quote(summary)}`),
      ...values.map((value) => `complete -c marina -f ${when} -a ${value}`),
      ...options.map(({ long, short, description, takesValue, values: words, isFile }) =>
        [
          `complete -c marina ${when} -l ${long.slice(2)}`,
          ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
          ...(takesValue ? ['-r'] : []),
          ...(isFile ? ['-F'] : ['-f']),
          ...(words.length > 0 ? [`-a ${quote(words.join(' '))}`] : []),
          `-d ${quote(description)}`,
        ].join(' '),
      ),
    ];
  });
  const known = nodes.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  return `# fish completion for marina
function __marina_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$at $word")
    if contains -- "$next" ${known.join(' ')}
      set at $next
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}`;
}

/** For any of the three. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
