import { isIP } from 'node:net';
import { CliError } from '../failure.ts';
import type { Config } from './config-file.ts';

/** How to come by a token. */
export type TokenSource =
  | { readonly kind: 'text'; readonly token: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };

export type Target =
  | {
      readonly way: 'rest';
      readonly server: string;
      readonly token: TokenSource | undefined;
      readonly caFile: string | undefined;
      readonly namespace: string;
      /** Where the address is from, for people. */
      readonly origin: string;
    }
  | {
      readonly way: 'straight';
      /** Left out: KUBECONFIG, or ~/.kube/config. */
      readonly kubeconfig: string | undefined;
      readonly context: string | undefined;
      /** Left out: that of the context. */
      readonly namespace: string | undefined;
      readonly origin: string;
    };

/** What the command line says of it. */
export interface TargetFlags {
  readonly server?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly profile?: string;
  readonly namespace?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags, with the environment where they say nothing. */
interface Asked {
  readonly profile: string | undefined;
  readonly server: string | undefined;
  readonly token: TokenSource | undefined;
  readonly caFile: string | undefined;
  readonly namespace: string | undefined;
}

/**
 * Where a command goes: flags come before the environment, that before the profile. A profile's token goes to the profile's server
 * and nowhere else. `isPlugin`: it runs as `kubectl marina`, which knows its cluster. @throws CliError `usage`
 */
export function chooseTarget(
  flags: TargetFlags,
  environment: Environment,
  config: Config,
  isPlugin = false,
): Target {
  const asked = ask(flags, environment);
  const { namespace } = asked;
  if (flags.kubeconfig !== undefined || flags.context !== undefined) {
    if (flags.server !== undefined)
      throw new CliError(
        'usage',
        '--server goes by REST, --kubeconfig and --context go straight to the cluster: give one.',
      );
    const { kubeconfig, context } = flags;
    return { way: 'straight', kubeconfig, context, namespace, origin: 'the command line' };
  }
  if (asked.server !== undefined)
    return rest(asked.server, asked, flags.server === undefined ? 'MARINA_SERVER' : 'the command line');
  const name = asked.profile ?? config.currentProfile;
  if (name !== undefined) return ofProfile(name, config, asked);
  if (isPlugin)
    return {
      way: 'straight',
      kubeconfig: undefined,
      context: undefined,
      namespace,
      origin: 'kubectl’s kubeconfig',
    };
  throw new CliError('usage', 'It is not known where Marina is.', {
    advice:
      'Sign in with `marina login <server>`, set MARINA_SERVER, or go straight to a cluster with --kubeconfig.',
  });
}

function ask(flags: TargetFlags, environment: Environment): Asked {
  // What is set to nothing is not set.
  const either = (flag: string | undefined, variable: string) => flag ?? (environment[variable] || undefined);
  const profile = either(flags.profile, 'MARINA_PROFILE');
  return {
    profile,
    // A profile that was asked for by name has a server of its own.
    server: profile === undefined ? either(flags.server, 'MARINA_SERVER') : flags.server,
    token: tokenOf(flags, environment),
    caFile: either(flags.caFile, 'MARINA_CA_FILE'),
    namespace: either(flags.namespace, 'MARINA_NAMESPACE'),
  };
}

function tokenOf({ tokenFile }: TargetFlags, environment: Environment): TokenSource | undefined {
  if (tokenFile !== undefined) return { kind: 'file', file: tokenFile };
  const { MARINA_TOKEN: token, MARINA_TOKEN_FILE: file } = environment;
  if (token) return { kind: 'text', token };
  return file ? { kind: 'file', file } : undefined;
}

function ofProfile(name: string, { profiles }: Config, asked: Asked): Target {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined)
    throw new CliError('usage', `There is no profile ${name}.`, {
      advice: '`marina profile list` shows those there are.',
    });
  const origin = `profile ${name}`;
  const namespace = asked.namespace ?? profile.namespace;
  const { server, kubeconfig, context, caFile, tokenFile, tokenCommand } = profile;
  if (server === undefined) return { way: 'straight', kubeconfig, context, namespace, origin };
  const own: TokenSource | undefined =
    tokenFile !== undefined
      ? { kind: 'file', file: tokenFile }
      : tokenCommand && { kind: 'command', command: tokenCommand };
  const settled = { token: asked.token ?? own, caFile: asked.caFile ?? caFile, namespace };
  return rest(server, settled, origin);
}

function rest(
  server: string,
  { token, caFile, namespace = 'default' }: Pick<Asked, 'token' | 'caFile' | 'namespace'>,
  origin: string,
): Extract<Target, { way: 'rest' }> {
  return { way: 'rest', server: readServer(server, origin), token, caFile, namespace, origin };
}

/** @throws CliError `usage` for what is no address, or one to which a token would go in the clear */
export function readServer(server: string, origin: string): string {
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash || url.username)
    throw new CliError('usage', `${server} (${origin}) is no address of a server.`, {
      advice: 'Write for example https://marina.example.',
    });
  if (url.protocol === 'http:' && !staysInside(url.hostname))
    throw new CliError('usage', `${server} (${origin}) would be sent your token in the clear.`, {
      advice: 'Use https.',
    });
  return server.replace(/\/+$/, '');
}

/** This machine, or a Service of the cluster that the command runs in. */
function staysInside(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (isIP(bare)) return bare === '::1' || bare.startsWith('127.');
  return bare === 'localhost' || /\.svc(\.cluster\.local)?$/.test(bare);
}
