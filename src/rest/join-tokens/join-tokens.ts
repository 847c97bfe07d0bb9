import { randomInt } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  BOOTSTRAP_TOKEN_TYPE,
  buildJoinToken,
  drawJoinToken,
  joinTokenRef,
  readJoinToken,
} from '../../bootstrap/join-token.ts';
import type { Clock } from '../../engine/clock.ts';
import { isKubeError } from '../../kube/errors.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { secrets } from '../../kube/resources.ts';
import { inspectCertificate } from '../../pki/index.ts';
import { ProblemError } from '../problem/problem.ts';
import { TenantAccess } from '../tenant/tenant-access.ts';
import { CLOCK } from '../tokens.ts';
import {
  type createdJoinToken,
  type joinToken,
  type newJoinToken,
  showCreatedJoinToken,
  showJoinToken,
} from './representation.ts';
import type { z } from 'zod';

const namespace = 'kube-system';
/** A tenant may have any number of Secrets; nobody needs more tokens than `mostPages` of them. */
const pageSize = 100;
const mostPages = 5;
/** Two tokens with the same public part are one in two thousand million; a tenant's webhook may say so each time. */
const mostDraws = 5;

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
      const options = { namespace, fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}`, limit: pageSize };
      const shown: z.output<typeof joinToken>[] = [];
      let next: string | undefined;
      for (let page = 0; page < mostPages; page += 1) {
        const { items, metadata } = await client.list(secrets, {
          ...options,
          ...(next !== undefined && { continue: next }),
        });
        for (const secret of items) {
          const token = readJoinToken(secret);
          if (token) shown.push(showJoinToken(token));
        }
        next = metadata.continue || undefined;
        if (next === undefined) break;
      }
      return shown;
    });
  }

  /** `signal`: the client has gone; what is not made yet is not made. */
  async create(
    ref: ObjectRef,
    wish: z.output<typeof newJoinToken>,
    signal: AbortSignal,
  ): Promise<z.output<typeof createdJoinToken>> {
    return await this.tenants.within(ref, async (open) => {
      const { lifetimeSeconds, ...rest } = wish;
      const expiresAt = new Date(this.clock.now().getTime() + lifetimeSeconds * 1_000);
      for (let draws = 0; draws < mostDraws && !signal.aborted; draws += 1) {
        const token = { ...drawJoinToken((below) => randomInt(below)), expiresAt, ...rest };
        try {
          await open.client.create(secrets, buildJoinToken(token));
        } catch (error: unknown) {
          if (isKubeError(error, 'AlreadyExists')) continue;
          throw error;
        }
        const { publicKeyHash: caHash } = inspectCertificate(open.certificateAuthority);
        return showCreatedJoinToken(token, { address: open.address, caHash });
      }
      throw new ProblemError(
        'Conflict',
        `Control plane ${ref.name} says of each new token that there is one.`,
      );
    });
  }

  async revoke(ref: ObjectRef, tokenId: string): Promise<void> {
    await this.tenants.within(ref, async ({ client }) => {
      const secret = joinTokenRef(tokenId);
      const found = await client.get(secrets, secret);
      if (!found || !readJoinToken(found))
        throw new ProblemError('NotFound', `Control plane ${ref.name} has no join token ${tokenId}.`);
      await client.delete(secrets, secret, { uid: found.metadata?.uid });
    });
  }
}
