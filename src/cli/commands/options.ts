import { Option } from 'commander';
import { formats } from '../output/format.ts';

export function option(flags: string, description: string): Option {
  return new Option(flags, description);
}

/** One that may be given several times. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`).argParser(
    (value: string, before: readonly string[] | undefined) => [...(before ?? []), value],
  );
}

export function choice(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

const where = 'Where to:';
const how = 'How:';

/** Of every command that speaks to Marina. */
export function commonOptions(): readonly Option[] {
  return [
    option('-n, --namespace <namespace>', 'namespace (MARINA_NAMESPACE)').helpGroup(where),
    option('--server <url>', 'address of the REST API (MARINA_SERVER)').helpGroup(where),
    option(
      '--token-file <file>',
      'file with the token (MARINA_TOKEN_FILE; MARINA_TOKEN has one itself)',
    ).helpGroup(where),
    option('--ca-file <file>', 'certificate authorities of the server, PEM (MARINA_CA_FILE)').helpGroup(
      where,
    ),
    option('--kubeconfig <file>', 'go straight to the management cluster, by this kubeconfig').helpGroup(
      where,
    ),
    option('--context <name>', 'go straight to the management cluster, by this context').helpGroup(where),
    option('--profile <name>', 'profile of the configuration (MARINA_PROFILE)').helpGroup(where),
    choice('-o, --format <format>', 'how results are shown', formats).default('table').helpGroup(how),
    option('--timeout <duration>', 'how long to wait at most').default('10m').helpGroup(how),
    option('--verbose', 'tell of each request and its id').helpGroup(how),
  ];
}
