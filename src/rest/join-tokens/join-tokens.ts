import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  BOOTSTRAP_TOKEN_TYPE,
  buildJoinToken,
  drawJoinToken,
  joinCommand,
  joinTokenUsages,
  readJoinToken,
} from '../../bootstrap/join-token.ts';
import type { Clock } from '../../engine/clock.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { secrets } from '../../kube/resources.ts';
import { inspectCertificate } from '../../pki/index.ts';
import { ProblemError } from '../problem/problem.ts';
import { type OpenTenant, TenantAccess } from '../tenant/tenant-access.ts';
import { CLOCK } from '../tokens.ts';
import { cloudInit } from './cloud-init.ts';
import { type createdJoinToken, type joinToken, type newJoinToken, showJoinToken } from './representation.ts';
import type { z } from 'zod';

const namespace = 'kube-system';
/** A tenant may have any number of Secrets; nobody needs more tokens than that. */
const listed = 500;

/** kubeadm's bootstrap tokens of a tenant's cluster. Rejects with a `ProblemError` or a `KubeError`. */
@Injectable()
export class JoinTokens {
  private readonly tenants: TenantAccess;
  private readonly clock: Clock;

  constructor(tenants: TenantAccess, @Inject(CLOCK) clock: Clock) {
    this.tenants = tenants;
    this.clock = clock;
  }

  async list(ref: ObjectRef): Promise<z.output<typeof joinToken>[]> {
    return await this.tenants.within(ref, async ({ client }) => {
      const options = { namespace, fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}`, limit: listed };
      const { items } = await client.list(secrets, options);
      return items.flatMap((secret) => {
        const token = readJoinToken(secret);
        return token ? [showJoinToken(token)] : [];
      });
    });
  }

  async create(
    ref: ObjectRef,
    wish: z.output<typeof newJoinToken>,
  ): Promise<z.output<typeof createdJoinToken>> {
    return await this.tenants.within(ref, async (open) => {
      const { lifetimeSeconds, ...rest } = wish;
      const expiresAt = new Date(this.clock.now().getTime() + lifetimeSeconds * 1_000);
      for (;;) {
        const token = { ...drawJoinToken((below) => randomInt(below)), expiresAt, ...rest };
        try {
          await open.client.create(secrets, buildJoinToken(token));
        } catch (error: unknown) {
          if (isKubeError(error, 'AlreadyExists')) continue;
          throw error;
        }
        const canJoin = joinTokenUsages.every((usage) => wish.usages.includes(usage));
        return {
          ...showJoinToken(token),
          token: `${token.tokenId}.${token.tokenSecret}`,
          ...(canJoin && waysToJoin(open, token)),
        };
      }
    });
  }

  async revoke(ref: ObjectRef, tokenId: string): Promise<void> {
    await this.tenants.within(ref, async ({ client }) => {
      const secret = { namespace, name: `bootstrap-token-${tokenId}` };
      const found = await client.get(secrets, secret);
      if (!found || !readJoinToken(found))
        throw new ProblemError('NotFound', `Control plane ${ref.name} has no join token ${tokenId}.`);
      await client.delete(secrets, secret, { uid: found.metadata?.uid });
    });
  }
}

function waysToJoin(
  { address, certificateAuthority }: OpenTenant,
  token: { readonly tokenId: string; readonly tokenSecret: string },
) {
  const { publicKeyHash: caHash } = inspectCertificate(certificateAuthority);
  const command = joinCommand({ address, token, caHash });
  return { command: command.join(' '), cloudInit: cloudInit(command) };
}
