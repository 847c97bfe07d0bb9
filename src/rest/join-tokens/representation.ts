import { z } from 'zod';
import {
  type Join,
  joinCommand,
  type JoinToken,
  type JoinTokenUsage,
  joinTokenIdPattern,
  joinTokenUsages,
} from '../../bootstrap/join-token.ts';
import { toTime } from '../../kube/time.ts';
import { cloudInit } from './cloud-init.ts';

const minute = 60;
const day = 86_400;

/** cluster-bootstrap token/api: BootstrapGroupPattern. */
const group = z
  .string()
  .regex(/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/, 'has to begin with system:bootstrappers:');

export const newJoinToken = z
  .strictObject({
    lifetimeSeconds: z
      .int()
      .min(minute)
      .max(30 * day)
      .default(day)
      .describe('Until it ends.'),
    usages: z
      .array(z.enum(joinTokenUsages))
      .min(1)
      .max(2)
      .default([...joinTokenUsages])
      .describe('What it is good for; a join needs both.'),
    groups: z
      .array(group)
      .max(8)
      .optional()
      .describe('Groups of who signs in with it; left out: kubeadm’s own.'),
    description: z
      .string()
      .max(256)
      .regex(/^[ -~\u00a0-\uffff]*$/, 'has to be one line')
      .optional()
      .describe('For people.'),
  })
  .meta({ id: 'NewJoinToken' });

export const joinTokenId = z.string().regex(joinTokenIdPattern);

export const joinToken = z
  .object({
    id: joinTokenId.describe('Its public part.'),
    expiresAt: z.string().meta({ format: 'date-time' }).optional().describe('Left out: never.'),
    usages: z.array(z.enum(joinTokenUsages)),
    groups: z.array(z.string()),
    description: z.string().optional(),
  })
  .meta({ id: 'JoinToken' });

export const createdJoinToken = joinToken
  .extend({
    token: z.string().describe('The whole of it, told this once.'),
    command: z
      .string()
      .optional()
      .describe('Run as root on a machine, it joins. Left out where the token cannot join.'),
    cloudInit: z
      .string()
      .optional()
      .describe('User data for cloud-init that does the same at the first boot.'),
  })
  .meta({ id: 'CreatedJoinToken' });

export const joinTokenList = z.object({ items: z.array(joinToken) }).meta({ id: 'JoinTokenList' });

export function showJoinToken({
  tokenId,
  expiresAt,
  usages = joinTokenUsages,
  groups = [],
  description,
}: Omit<JoinToken, 'tokenSecret'>): z.output<typeof joinToken> {
  return {
    id: tokenId,
    ...(expiresAt && { expiresAt: toTime(expiresAt) }),
    usages: [...usages] satisfies JoinTokenUsage[],
    groups: [...groups],
    ...(description !== undefined && { description }),
  };
}

/** A token that was just made, and the ways to join with it where it can. `join`: where to, and how the CA is pinned. */
export function showCreatedJoinToken(
  token: JoinToken & { readonly usages: readonly JoinTokenUsage[] },
  join: Omit<Join, 'token'>,
): z.output<typeof createdJoinToken> {
  const command = joinCommand({ ...join, token });
  return {
    ...showJoinToken(token),
    token: `${token.tokenId}.${token.tokenSecret}`,
    ...(joinTokenUsages.every((usage) => token.usages.includes(usage)) && {
      command: command.join(' '),
      cloudInit: cloudInit(command),
    }),
  };
}
