import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { Clock } from '../../engine/clock.ts';
import type { ObjectRef } from '../../kube/resource.ts';
import { UsageReport } from '../../usage/store/usage-report.ts';
import type { Retention } from '../../usage/store/usage-rollup.ts';
import { Operation } from '../openapi/operation.ts';
import { readQuery } from '../read.ts';
import { RefOfRoute } from '../ref-of-route.ts';
import { CLOCK, USAGE_RETENTION } from '../tokens.ts';
import { showUsage, toUsageCsv, type UsagePage, usagePage } from './representation.ts';
import {
  toCursor,
  toQuestion,
  usageOfAllQuery,
  usageOfControlPlaneQuery,
  usageOfNamespaceQuery,
  type UsageQuery,
} from './usage-query.ts';

const tag = 'Usage';
const permission = { verb: 'list', resource: 'usages' } as const;
const answers = {
  200: {
    description: 'One page; as CSV (RFC 4180) where that is what the client accepts.',
    schema: usagePage,
    types: ['application/json', 'text/csv'],
    headers: { Link: 'The next page, `rel="next"`; left out on the last one.' },
  },
};

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/** What control planes have used: docs/guides/usage.md. */
@Controller('v1')
export class UsageController {
  private readonly report: UsageReport;
  private readonly retention: Retention;
  private readonly clock: Clock;

  constructor(
    report: UsageReport,
    @Inject(USAGE_RETENTION) retention: Retention,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.report = report;
    this.retention = retention;
    this.clock = clock;
  }

  @Get('usage')
  @Operation({
    id: 'listUsage',
    summary: 'Report what control planes of all namespaces have used',
    tag,
    permission,
    query: usageOfAllQuery,
    answers,
  })
  async ofAll(
    @Query() query: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UsagePage | string> {
    return await this.answer(readQuery(usageOfAllQuery, query), undefined, { request, response });
  }

  @Get('namespaces/:namespace/usage')
  @Operation({
    id: 'listNamespaceUsage',
    summary: 'Report what control planes of a namespace have used',
    tag,
    permission,
    query: usageOfNamespaceQuery,
    answers,
  })
  async ofNamespace(
    @Param('namespace') namespace: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UsagePage | string> {
    const asked = { ...readQuery(usageOfNamespaceQuery, query), namespace };
    return await this.answer(asked, undefined, { request, response });
  }

  @Get('namespaces/:namespace/controlplanes/:name/usage')
  @Operation({
    id: 'listControlPlaneUsage',
    summary: 'Report what a control plane has used, and those that had its name before',
    description: 'Also of one that is deleted; one that there never was has no items.',
    tag,
    permission,
    query: usageOfControlPlaneQuery,
    answers,
  })
  async ofControlPlane(
    @RefOfRoute() { namespace, name }: ObjectRef,
    @Query() query: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<UsagePage | string> {
    const asked = {
      ...readQuery(usageOfControlPlaneQuery, query),
      groupBy: 'controlplane' as const,
      namespace,
    };
    return await this.answer(asked, name, { request, response });
  }

  private async answer(
    query: UsageQuery,
    name: string | undefined,
    { request, response }: Exchange,
  ): Promise<UsagePage | string> {
    const question = toQuestion(query, this.retention, this.clock.now());
    const { from, to, limit } = question;
    // One more than is shown says whether there is another page.
    const found = await this.report.lines({ ...question, name, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    const cursor = last && toCursor(last.key);
    if (cursor !== undefined) response.setHeader('Link', `<${nextOf(request, cursor)}>; rel="next"`);
    response.vary('Accept');
    const items = shown.map(showUsage);
    if (request.accepts(['application/json', 'text/csv']) === 'text/csv') {
      response.attachment('usage.csv').type('text/csv; charset=utf-8; header=present');
      return toUsageCsv(items);
    }
    return {
      from: from.toISOString(),
      to: to.toISOString(),
      items,
      ...(cursor !== undefined && { cursor }),
    };
  }
}

function nextOf({ originalUrl }: Request, cursor: string): string {
  const url = new URL(originalUrl, 'http://localhost');
  url.searchParams.set('cursor', cursor);
  return url.pathname + url.search;
}
