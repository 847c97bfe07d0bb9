import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import type { Response } from 'express';
import { z } from 'zod';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { Requires } from '../authorization/requires.ts';
import { ProblemError } from '../problem/problem.ts';
import { readBody, readQuery } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { ControlPlanes } from './control-planes.ts';
import {
  type ControlPlane,
  controlPlanePatch,
  etagOf,
  newControlPlane,
  toControlPlane,
} from './representation.ts';

const resource = 'tenantcontrolplanes';

const pageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().min(1).max(4096).optional(),
  labelSelector: z.string().min(1).max(4096).optional(),
});

const createQuery = z.strictObject({ dryRun: z.stringbool().default(false) });

interface ControlPlanePage {
  readonly items: readonly ControlPlane[];
  /** Where the next page begins; left out on the last one. */
  readonly cursor?: string;
}

@Controller('v1')
export class ControlPlanesController {
  private readonly controlPlanes: ControlPlanes;

  constructor(controlPlanes: ControlPlanes) {
    this.controlPlanes = controlPlanes;
  }

  @Get('controlplanes')
  @Requires({ verb: 'list', resource })
  async listAll(@Query() query: unknown): Promise<ControlPlanePage> {
    return toPage(await this.controlPlanes.list(readQuery(pageQuery, query)));
  }

  @Get('namespaces/:namespace/controlplanes')
  @Requires({ verb: 'list', resource })
  async list(@Param('namespace') namespace: string, @Query() query: unknown): Promise<ControlPlanePage> {
    return toPage(await this.controlPlanes.list({ namespace, ...readQuery(pageQuery, query) }));
  }

  @Get('namespaces/:namespace/controlplanes/:name')
  @Requires({ verb: 'get', resource })
  async get(
    @RefOfRoute() ref: ObjectRef,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ControlPlane> {
    return answer(response, await this.controlPlanes.get(ref));
  }

  @Post('namespaces/:namespace/controlplanes')
  @Requires({ verb: 'create', resource })
  async create(
    @Param('namespace') namespace: string,
    @Query() query: unknown,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ControlPlane> {
    const { dryRun } = readQuery(createQuery, query);
    const made = await this.controlPlanes.create(namespace, readBody(newControlPlane, body), { dryRun });
    if (dryRun) response.status(200);
    else response.location(`/v1/namespaces/${namespace}/controlplanes/${made.metadata?.name}`);
    return answer(response, made);
  }

  @Patch('namespaces/:namespace/controlplanes/:name')
  @Requires({ verb: 'patch', resource })
  async patch(
    @RefOfRoute() ref: ObjectRef,
    @Headers('if-match') condition: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ControlPlane> {
    const version = readVersion(condition);
    if (version === undefined)
      throw new ProblemError('PreconditionRequired', 'Send `If-Match` with the ETag of what you have read.');
    const change = readBody(controlPlanePatch, body);
    return answer(response, await this.controlPlanes.patch(ref, change, version));
  }

  @Delete('namespaces/:namespace/controlplanes/:name')
  @HttpCode(202)
  @Requires({ verb: 'delete', resource })
  async delete(
    @RefOfRoute() ref: ObjectRef,
    @Headers('if-match') condition: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ControlPlane> {
    const version = readVersion(condition);
    return answer(response, await this.controlPlanes.delete(ref, version));
  }
}

function toPage({
  items,
  metadata,
}: {
  items: readonly TenantControlPlane[];
  metadata: { continue?: string };
}): ControlPlanePage {
  return { items: items.map(toControlPlane), ...(metadata.continue && { cursor: metadata.continue }) };
}

function answer(response: Response, tenant: TenantControlPlane): ControlPlane {
  response.setHeader('ETag', etagOf(tenant));
  return toControlPlane(tenant);
}

/** One strong ETag, as `etagOf` makes them (RFC 9110 section 13.1.1). */
function readVersion(condition: string | undefined): string | undefined {
  if (condition === undefined) return undefined;
  const [, version] = /^"([1-9]\d{0,18})"$/.exec(condition.trim()) ?? [];
  if (version !== undefined) return version;
  if (/^(W\/)?"[^"]*"$/.test(condition.trim()))
    throw new ProblemError('PreconditionFailed', 'If-Match names nothing that there has ever been.');
  const errors = [{ parameter: 'If-Match', detail: 'has to be one ETag, as an answer had it, e.g. "4711"' }];
  throw new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
}
