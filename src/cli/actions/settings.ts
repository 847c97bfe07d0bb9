import path from 'node:path';
import { CliError } from '../failure.ts';
import type { Context } from '../context.ts';
import { renderList, type View } from '../output/format.ts';
import { type Profile, writeConfig, writePrivately } from '../settings/config-file.ts';
import { readServer } from '../settings/target.ts';
import { withContext } from '../open-context.ts';

export interface LoginFlags {
  readonly name: string;
  readonly tokenCommand?: string;
  readonly check?: boolean;
}

/** Remembers a place, and that the caller may sign in there, which is tried first. */
export async function login(
  context: Context,
  [address]: readonly string[],
  flags: LoginFlags,
): Promise<void> {
  const { name } = flags;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name))
    throw new CliError('usage', `${name} is no name for a profile.`, {
      advice: 'Use letters, digits, dots and hyphens.',
    });
  const server = address ?? context.flags.server;
  const profile = server === undefined ? straight(context) : await rest(context, server, flags);
  if (flags.check !== false) await check(context, profile);
  const config = await context.config();
  await writeConfig(context.configFile, {
    currentProfile: name,
    profiles: { ...config.profiles, [name]: profile },
  });
  context.terminal.out(`profile/${name} saved in ${context.configFile}, and in use`);
}

function straight({ flags: { kubeconfig, context, namespace } }: Context): Profile {
  if (kubeconfig === undefined && context === undefined)
    throw new CliError('usage', 'It is not said where to sign in.', {
      advice: 'Write `marina login <server>`, or give --kubeconfig to go straight to a cluster.',
    });
  return {
    ...(kubeconfig !== undefined && { kubeconfig: path.resolve(kubeconfig) }),
    ...(context !== undefined && { context }),
    ...(namespace !== undefined && { namespace }),
  };
}

async function rest(context: Context, server: string, { name, tokenCommand }: LoginFlags): Promise<Profile> {
  const { tokenFile, caFile, namespace } = context.flags;
  const { environment } = context;
  if (tokenFile !== undefined && tokenCommand !== undefined)
    throw new CliError('usage', 'A token is from --token-file or from --token-command: give one.');
  const place = {
    server: readServer(server, 'the command line'),
    ...((caFile ?? environment['MARINA_CA_FILE']) && {
      caFile: path.resolve(caFile ?? environment['MARINA_CA_FILE'] ?? ''),
    }),
    ...(namespace !== undefined && { namespace }),
  };
  if (tokenCommand !== undefined) return { ...place, tokenCommand: tokenCommand.trim().split(/\s+/) };
  if (tokenFile !== undefined) return { ...place, tokenFile: path.resolve(tokenFile) };
  const token = (environment['MARINA_TOKEN'] || (await context.readSecret('Token: '))).trim();
  if (token === '')
    throw new CliError('usage', 'There is no token.', {
      advice: 'Give it on the standard input, as --token-file, as --token-command, or as MARINA_TOKEN.',
    });
  const file = path.join(path.dirname(context.configFile), 'tokens', name);
  await writePrivately(file, `${token}\n`);
  return { ...place, tokenFile: file };
}

/** Signs in by this profile alone. */
async function check(context: Context, profile: Profile): Promise<void> {
  const { environment, flags } = context;
  const bare = Object.fromEntries(Object.entries(environment).filter(([key]) => !key.startsWith('MARINA_')));
  const own = {
    ...flags,
    ...profile,
    ...(profile.server !== undefined &&
      profile.tokenCommand === undefined && { tokenFile: profile.tokenFile }),
  };
  if (profile.tokenCommand !== undefined) {
    const { readToken } = await import('../settings/token.ts');
    const token = await readToken({ kind: 'command', command: profile.tokenCommand });
    return await greet({ ...context, environment: { ...bare, MARINA_TOKEN: token } }, own);
  }
  await greet({ ...context, environment: bare }, own);
}

async function greet(context: Context, flags: Context['flags']): Promise<void> {
  await withContext(context, flags, async (opened) => {
    context.terminal.err(`Signed in: ${await (await opened.backend()).serverVersion()}`);
  });
}

type Named = Profile & { readonly name: string; readonly isCurrent: boolean };

const profiles: View<Named> = {
  noun: 'profile',
  nameOf: ({ name }) => name,
  columns: [
    { title: 'current', of: ({ isCurrent }) => (isCurrent ? '*' : '') },
    { title: 'name', of: ({ name }) => name },
    { title: 'server', of: ({ server, kubeconfig }) => server ?? `kubeconfig ${kubeconfig ?? 'of kubectl'}` },
    { title: 'namespace', of: ({ namespace }) => namespace },
    { title: 'context', of: ({ context }) => context, isWide: true },
    { title: 'ca file', of: ({ caFile }) => caFile, isWide: true },
  ],
};

export async function listProfiles(context: Context): Promise<void> {
  const { terminal, format } = context;
  const { profiles: known, currentProfile } = await context.config();
  const items = Object.entries(known).map(([name, profile]) => ({
    name,
    isCurrent: name === currentProfile,
    ...profile,
  }));
  if (items.length === 0) terminal.err('No profiles: make one with `marina login`.');
  terminal.out(renderList(items, profiles, format));
}

export async function useProfile(context: Context, [name = '']: readonly string[]): Promise<void> {
  const config = await context.config();
  if (!Object.hasOwn(config.profiles, name)) throw missing(name);
  await writeConfig(context.configFile, { ...config, currentProfile: name });
  context.terminal.out(`profile/${name} in use`);
}

export async function deleteProfile(context: Context, [name = '']: readonly string[]): Promise<void> {
  const { profiles: known, currentProfile } = await context.config();
  if (!Object.hasOwn(known, name)) throw missing(name);
  const { [name]: gone, ...others } = known;
  await writeConfig(context.configFile, {
    ...(currentProfile !== undefined && currentProfile !== name && { currentProfile }),
    profiles: others,
  });
  const own = path.join(path.dirname(context.configFile), 'tokens', name);
  if (gone?.tokenFile === own) await (await import('node:fs/promises')).rm(own, { force: true });
  context.terminal.out(`profile/${name} deleted`);
}

function missing(name: string): CliError {
  return new CliError('notFound', `There is no profile ${name}.`, {
    advice: '`marina profile list` shows those there are.',
  });
}
