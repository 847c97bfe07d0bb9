import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import type { ObjectRef } from '../../kube/resource.ts';
import { type Exchange, ExchangeOfRoute } from '../exchange.ts';
import { TenantSlots } from '../limits/costly-slots.ts';
import { Operation } from '../openapi/operation.ts';
import { readBody, readParameter } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { untilClosed } from '../until-closed.ts';
import { JoinTokens } from './join-tokens.ts';
import { createdJoinToken, joinTokenId, joinTokenList, newJoinToken } from './representation.ts';

const tag = 'Join tokens';
const resource = 'tenantcontrolplanes/jointoken';

@Controller('v1/namespaces/:namespace/controlplanes/:name/jointokens')
@UseGuards(TenantSlots)
export class JoinTokensController {
  private readonly joinTokens: JoinTokens;

  constructor(joinTokens: JoinTokens) {
    this.joinTokens = joinTokens;
  }

  @Get()
  @Operation({
    id: 'listJoinTokens',
    summary: 'List the join tokens of a control plane, without their secrets',
    tag,
    permission: { verb: 'list', resource },
    answers: { 200: { description: 'All of them.', schema: joinTokenList } },
  })
  async list(@RefOfRoute() ref: ObjectRef): Promise<z.output<typeof joinTokenList>> {
    return { items: await this.joinTokens.list(ref) };
  }

  @Post()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'createJoinToken',
    summary: 'Make a token with which machines join',
    tag,
    permission: { verb: 'create', resource },
    body: newJoinToken,
    answers: {
      201: { description: 'The token, told this once, and how to use it.', schema: createdJoinToken },
    },
    answersSecret: true,
  })
  async create(
    @RefOfRoute() ref: ObjectRef,
    @Body() body: unknown,
    @ExchangeOfRoute() { response }: Exchange,
  ): Promise<z.output<typeof createdJoinToken>> {
    return await this.joinTokens.create(ref, readBody(newJoinToken, body), untilClosed(response));
  }

  @Delete(':token')
  @HttpCode(204)
  @Operation({
    id: 'revokeJoinToken',
    summary: 'Take a join token back',
    description: 'It is no good within ten seconds; machines that have joined with it stay.',
    tag,
    permission: { verb: 'delete', resource },
    params: { token: joinTokenId },
    answers: { 204: { description: 'It is gone.' } },
  })
  async revoke(@RefOfRoute() ref: ObjectRef, @Param('token') token: string): Promise<void> {
    await this.joinTokens.revoke(ref, readParameter(joinTokenId, 'token', token));
  }
}
