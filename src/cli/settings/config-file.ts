import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { CliError } from '../failure.ts';

/** One place that `marina` speaks to: a REST API, or a management cluster by a kubeconfig. */
export interface Profile {
  readonly server?: string;
  readonly caFile?: string;
  readonly tokenFile?: string;
  /** Program and arguments that print a token; run without a shell. */
  readonly tokenCommand?: readonly string[];
  readonly kubeconfig?: string;
  /** Of the kubeconfig. */
  readonly context?: string;
  readonly namespace?: string;
}

export interface Config {
  readonly currentProfile?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** XDG Base Directory Specification. */
export function configFolder(environment: Environment): string {
  return path.join(
    environment['XDG_CONFIG_HOME'] || path.join(environment['HOME'] ?? homedir(), '.config'),
    'marina',
  );
}

export function configFile(environment: Environment): string {
  return environment['MARINA_CONFIG'] || path.join(configFolder(environment), 'config.yaml');
}

export async function readConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error: unknown) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { profiles: {} };
    throw error;
  }
  return parseConfig(text, file);
}

/** @throws CliError that names the file and what is wrong in it */
export function parseConfig(text: string, file: string): Config {
  const wrong = (what: string, cause?: unknown) =>
    new CliError('usage', `${file}: ${what}.`, {
      advice: 'Mend it, or write it anew with `marina login`.',
      cause,
    });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error: unknown) {
    throw wrong('is no YAML', error);
  }
  if (value === null) return { profiles: {} };
  const { currentProfile, profiles = {} } = value as Partial<Config>;
  if (typeof value !== 'object' || typeof profiles !== 'object') throw wrong('has no `profiles`');
  if (currentProfile !== undefined && !Object.hasOwn(profiles, currentProfile))
    throw wrong(`has no profile ${currentProfile}, which \`currentProfile\` names`);
  for (const [name, profile] of Object.entries(profiles)) checkProfile(name, profile, wrong);
  return { ...(currentProfile !== undefined && { currentProfile }), profiles };
}

const texts = ['server', 'caFile', 'tokenFile', 'kubeconfig', 'context', 'namespace'] as const;

function checkProfile(name: string, profile: Profile, wrong: (what: string) => CliError): void {
  if (typeof profile !== 'object') throw wrong(`profile ${name} has no members`);
  for (const key of Object.keys(profile))
    if (!texts.some((text) => text === key) && key !== 'tokenCommand')
      throw wrong(`profile ${name} has \`${key}\`, which is not known`);
  for (const key of texts)
    if (profile[key] !== undefined && typeof profile[key] !== 'string')
      throw wrong(`\`${key}\` of profile ${name} is no text`);
  const { tokenCommand } = profile as { readonly tokenCommand?: unknown };
  const isList = Array.isArray(tokenCommand) && tokenCommand.every((part) => typeof part === 'string');
  if (tokenCommand !== undefined && !(isList && tokenCommand.length > 0))
    throw wrong(`\`tokenCommand\` of profile ${name} is no list of texts`);
}

export async function writeConfig(file: string, config: Config): Promise<void> {
  await writePrivately(file, stringify(config, { lineWidth: 0 }));
}

/** Whole or not at all, for nobody else's eyes: a file beside it takes its place. */
export async function writePrivately(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' });
    await chmod(beside, 0o600);
    await rename(beside, file);
  } finally {
    await rm(beside, { force: true });
  }
}
