import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CliError } from '../failure.ts';
import type { TokenSource } from './target.ts';

/** Milliseconds that a program has to print a token; a person may have to sign in. */
const timeoutMs = 120_000;

/** The token that is good now. Rejects with a `CliError`. */
export async function readToken(source: TokenSource | undefined): Promise<string | undefined> {
  switch (source?.kind) {
    case undefined:
      return undefined;
    case 'text':
      return source.token.trim();
    case 'file':
      return checked(await ofFile(source.file), source.file);
    case 'command':
      return checked(await ofCommand(source.command), `\`${source.command.join(' ')}\``);
  }
}

async function ofFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause: unknown) {
    throw new CliError('failed', `The token in ${file} cannot be read.`, {
      advice: 'Sign in with `marina login`.',
      cause,
    });
  }
}

async function ofCommand([program = '', ...args]: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { timeout: timeoutMs });
    return stdout;
  } catch (cause: unknown) {
    const { stderr = '', message } = cause as { readonly stderr?: string; readonly message: string };
    const said = stderr.trim().split('\n').at(-1) || message;
    throw new CliError('denied', `\`${program}\` gave no token: ${said}`, {
      advice: 'Run it by hand; it is `tokenCommand` of the profile.',
      cause,
    });
  }
}

/** RFC 6750 section 2.1; anything else would be no header. */
function checked(text: string, origin: string): string {
  const token = text.trim();
  if (/^[A-Za-z0-9._~+/=-]+$/.test(token)) return token;
  throw new CliError('denied', `${origin} holds no bearer token.`);
}
