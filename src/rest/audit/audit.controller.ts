import { Controller, Get, Query, Res } from '@nestjs/common';
import type { Response } from 'express';
import type { z } from 'zod';
import { AuditArchive } from '../../persistence/audit/audit-archive.ts';
import { AuditEntries } from '../../persistence/audit/audit-entries.ts';
import { parseHead } from '../../persistence/audit/entry.ts';
import { verify } from '../../persistence/audit/verify.ts';
import { Operation } from '../openapi/operation.ts';
import { ProblemError } from '../problem/problem.ts';
import { readQuery } from '../read.ts';
import { untilClosed } from '../until-closed.ts';
import {
  auditPage,
  auditQuery,
  auditVerification,
  showAuditEntry,
  showVerification,
  verificationQuery,
} from './representation.ts';

const tag = 'Audit';
const resource = 'audittrails';

@Controller('v1/audit')
export class AuditController {
  private readonly entries: AuditEntries;
  private readonly archive: AuditArchive;
  private isVerifying = false;

  constructor(entries: AuditEntries, archive: AuditArchive) {
    this.entries = entries;
    this.archive = archive;
  }

  @Get()
  @Operation({
    id: 'listAuditEntries',
    summary: 'List what was done over REST, by whom and how it went, the newest first',
    tag,
    permission: { verb: 'list', resource },
    query: auditQuery,
    answers: { 200: { description: 'One page.', schema: auditPage } },
  })
  async list(@Query() query: unknown): Promise<z.output<typeof auditPage>> {
    const { user, from, to, cursor, limit, ...filter } = readQuery(auditQuery, query);
    // One more than is shown says whether there is another page.
    const found = await this.entries.list({
      ...filter,
      username: user,
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      before: cursor === undefined ? undefined : BigInt(cursor),
      limit: limit + 1,
    });
    const shown = found.slice(0, limit);
    const last = found.length > limit ? shown.at(-1) : undefined;
    return { items: shown.map(showAuditEntry), ...(last && { cursor: String(last.sequence) }) };
  }

  @Get('verification')
  @Operation({
    id: 'verifyAuditTrail',
    summary: 'Say whether the audit trail is as it was written',
    description:
      'Reads all of it that is not archived, some 100,000 entries in a few seconds; one at a time.',
    tag,
    permission: { verb: 'get', resource },
    query: verificationQuery,
    answers: { 200: { description: 'Whether it is, and where it is not.', schema: auditVerification } },
  })
  async verification(
    @Query() query: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<z.output<typeof auditVerification>> {
    const { expectedHead } = readQuery(verificationQuery, query);
    if (this.isVerifying)
      throw new ProblemError('TooManyRequests', 'It is being verified for somebody else.', {
        retryAfterSeconds: 10,
      });
    this.isVerifying = true;
    try {
      const start = await this.archive.end();
      const expected = expectedHead === undefined ? undefined : parseHead(expectedHead);
      if (expected && expected.sequence < start.sequence) throw isArchived(start.sequence);
      const pages = this.entries.pages({ after: start.sequence, signal: untilClosed(response) });
      return showVerification(await verify(pages, { start, expectedHead: expected }));
    } finally {
      this.isVerifying = false;
    }
  }
}

function isArchived(end: bigint): ProblemError {
  const errors = [
    { parameter: 'expectedHead', detail: `has to be ${end} or later: what is before is archived` },
  ];
  return new ProblemError('InvalidRequest', 'Something in the request is not as it should be.', { errors });
}
