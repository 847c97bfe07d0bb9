import type { Schemas } from '../../client/client.ts';
import type { Context } from '../context.ts';
import { readDuration } from '../duration.ts';
import { CliError } from '../failure.ts';
import { isForPeople, renderList, renderOne } from '../output/format.ts';
import { joinTokens } from '../views.ts';

export interface TokenFlags {
  readonly lifetime?: string;
  readonly description?: string;
  readonly usage?: readonly ('authentication' | 'signing')[];
  readonly group?: readonly string[];
  readonly cloudInit?: boolean;
}

/** A new token and the line that a machine joins with. */
export async function join(
  context: Context,
  [name = '']: readonly string[],
  flags: TokenFlags,
): Promise<void> {
  const created = await make(context, name, flags);
  const text = flags.cloudInit === true ? created.cloudInit : created.command;
  if (text === undefined)
    throw new CliError('failed', 'The server made a token and did not say how to join with it.', {
      advice: `Look at \`marina get ${name}\`.`,
    });
  const { terminal, format } = context;
  if (format === 'json' || format === 'yaml') return terminal.out(renderOne(created, joinTokens, format));
  terminal.out(text.trimEnd());
}

export async function create(
  context: Context,
  [name = '']: readonly string[],
  flags: TokenFlags,
): Promise<void> {
  const created = await make(context, name, flags);
  const { terminal, format } = context;
  terminal.out(isForPeople(format) ? created.token : renderOne(created, joinTokens, format));
}

export async function list(context: Context, [name = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const items = await (await context.backend()).listJoinTokens(ref);
  if (items.length === 0 && isForPeople(context.format))
    context.terminal.err(`Control plane ${name} has no join tokens.`);
  context.terminal.out(renderList(items, joinTokens, context.format));
}

export async function revoke(context: Context, [name = '', id = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  // Whoever has the whole token has its id.
  await (await context.backend()).revokeJoinToken(ref, id.split('.')[0] ?? '');
  context.terminal.out(`jointoken/${id.split('.')[0]} revoked`);
}

async function make(context: Context, name: string, flags: TokenFlags): Promise<Schemas['CreatedJoinToken']> {
  const ref = { namespace: await context.namespace(), name };
  return await (
    await context.backend()
  ).createJoinToken(ref, {
    ...(flags.lifetime !== undefined && { lifetimeSeconds: readDuration(flags.lifetime) }),
    ...(flags.description !== undefined && { description: flags.description }),
    ...(flags.usage && { usages: [...flags.usage] }),
    ...(flags.group && { groups: [...flags.group] }),
  });
}
