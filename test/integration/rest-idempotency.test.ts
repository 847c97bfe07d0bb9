import type { AddressInfo } from 'node:net';
import { Body, Controller, type INestApplication, Module, Post, Res } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NextFunction, Request, Response } from 'express';
import { systemClock } from '../../src/engine/clock.ts';
import { silentLog } from '../../src/engine/log.ts';
import { AuditEntries } from '../../src/persistence/audit/audit-entries.ts';
import { AuditWriter } from '../../src/persistence/audit/audit-writer.ts';
import { IdempotencyKeys, mostKeys } from '../../src/persistence/idempotency/idempotency-keys.ts';
import { Operations } from '../../src/persistence/operations/operations.ts';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import { AuditInterceptor } from '../../src/rest/audit/audit.interceptor.ts';
import { AuditTrail } from '../../src/rest/audit/audit-trail.ts';
import { HeldKeys } from '../../src/rest/idempotency/held-keys.ts';
import { IdempotencyInterceptor } from '../../src/rest/idempotency/idempotency.interceptor.ts';
import { Operation } from '../../src/rest/openapi/operation.ts';
import { type ProblemCode, ProblemError } from '../../src/rest/problem/problem.ts';
import { ProblemFilter } from '../../src/rest/problem/problem.filter.ts';
import { requestId } from '../../src/rest/request-id.ts';
import { Tidying } from '../../src/rest/tidying.ts';
import { AUDIT_WRITER, CLOCK, REST_LOG } from '../../src/rest/tokens.ts';
import { startManagementDatabase } from '../support/management-database.ts';

jest.setTimeout(60_000);

/** What the handler is to do, and how often it was asked to. */
let work: () => Promise<unknown> = async () => ({});
let calls = 0;

const operation = {
  summary: 'Do something',
  tag: 'Tests',
  permission: 'authenticated',
  answers: { 201: { description: 'It is done.' } },
} as const;

@Controller('v1')
class ThingsController {
  @Post('things')
  @Operation({ id: 'createThing', ...operation })
  async create(@Body() _: unknown, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    calls += 1;
    response.setHeader('ETag', `"${calls}"`).location(`/v1/things/${calls}`);
    return await work();
  }

  @Post('credentials')
  @Operation({ id: 'createCredential', ...operation, answersSecret: true })
  async issue(): Promise<unknown> {
    calls += 1;
    return await work();
  }
}

const started = new AsyncDisposableStack();
let database: ManagementDatabase;
let url: string;

beforeAll(async () => {
  database = started.use(await startManagementDatabase());
  const writer = new AuditWriter(new AuditEntries(database), {
    clock: systemClock,
    random: () => 0.5,
    log: silentLog,
  });
  @Module({
    controllers: [ThingsController],
    providers: [
      { provide: CLOCK, useValue: systemClock },
      { provide: REST_LOG, useValue: silentLog },
      { provide: AUDIT_WRITER, useValue: writer },
      { provide: IdempotencyKeys, useValue: new IdempotencyKeys(database) },
      { provide: APP_INTERCEPTOR, useClass: AuditInterceptor },
      { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
      { provide: APP_FILTER, useClass: ProblemFilter },
      AuditTrail,
      HeldKeys,
    ],
  })
  class ThingsModule {}
  const app: INestApplication = await NestFactory.create(ThingsModule, { logger: false });
  started.defer(() => app.close());
  app.use(requestId, identify);
  await app.listen(0, '127.0.0.1');
  url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/v1`;
}, 60_000);

afterAll(() => started.disposeAsync());

/** Stands in for authentication, which needs a management cluster. */
function identify(request: Request, _: Response, next: NextFunction): void {
  const username = request.headers['x-user'];
  request.identity = {
    authenticator: 'OIDC',
    username: typeof username === 'string' ? username : 'ada',
    groups: [],
    extra: {},
  };
  next();
}

interface Sent {
  readonly path?: string;
  readonly body?: unknown;
  readonly user?: string;
}

async function send(key: string, { path = 'things', body = { a: 1 }, user = 'ada' }: Sent = {}) {
  const response = await fetch(`${url}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-user': user },
    body: JSON.stringify(body),
  });
  const { status, headers } = response;
  return { status, headers, text: await response.text(), isReplayed: headers.has('idempotent-replayed') };
}

const sql = (statement: string) => database.use('arrange', (dataSource) => dataSource.query(statement));

async function count(table: string): Promise<{ readonly left: number }> {
  const [row] = (await sql(`SELECT count(*)::int AS left FROM ${table}`)) as { readonly left: number }[];
  return row ?? { left: 0 };
}

const tidy = () =>
  new Tidying(new IdempotencyKeys(database), new Operations(database), systemClock, silentLog).tidy();

const answers = (result: unknown) => async () => result;
const fails = (code: ProblemCode) => async () => {
  throw new ProblemError(code, 'It is so.');
};

describe('a request that is sent again with its key', () => {
  it('is answered as it was, octet by octet', async () => {
    work = answers({ z: 1, a: [null, 'ü'] });

    const first = await send('same');
    const again = await send('same');

    expect(first).toMatchObject({ status: 201, text: '{"z":1,"a":[null,"ü"]}', isReplayed: false });
    expect(again).toMatchObject({ status: 201, text: first.text, isReplayed: true });
    for (const header of ['etag', 'location', 'content-type'])
      expect(again.headers.get(header)).toBe(first.headers.get(header));
  });

  it('is refused again when it was refused', async () => {
    work = fails('AlreadyExists');
    const first = await send('refused');
    work = answers({});

    const again = await send('refused');

    expect(again).toMatchObject({ status: 409, text: first.text, isReplayed: true });
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  it.each<ProblemCode>(['Internal', 'Unavailable', 'TooManyRequests'])(
    'is done again after %s, which says nothing of it',
    async (code) => {
      work = fails(code);
      await send(`passing-${code}`);
      work = answers({ is: 'done' });

      expect(await send(`passing-${code}`)).toMatchObject({ status: 201, isReplayed: false });
    },
  );

  it('is told how to go on when the answer had a credential', async () => {
    work = answers({ token: 'canary-4711' });
    await send('secret', { path: 'credentials' });
    const before = calls;

    const again = await send('secret', { path: 'credentials' });

    expect(again.status).toBe(409);
    expect(JSON.parse(again.text)).toMatchObject({
      code: 'Conflict',
      detail: expect.stringContaining('revoke'),
    });
    expect(calls).toBe(before);
    expect(JSON.stringify(await sql('SELECT * FROM idempotency_key'))).not.toContain('canary-4711');
  });

  it('has to wait while the first is under way', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<unknown>();
    work = async () => {
      begin(undefined);
      return await promise;
    };
    const first = send('slow');
    await begun;

    const meanwhile = await send('slow');
    resolve({ is: 'done' });

    expect(meanwhile).toMatchObject({ status: 409, isReplayed: false });
    expect(meanwhile.headers.get('retry-after')).toBe('2');
    expect((await first).status).toBe(201);
    expect(await send('slow')).toMatchObject({ status: 201, isReplayed: true });
  });

  it('is done again when whoever did it died', async () => {
    work = answers({});
    await send('dead');
    await sql(`UPDATE idempotency_key SET answer = NULL, leased_until = now() - interval '1 second'`);

    expect(await send('dead')).toMatchObject({ status: 201, isReplayed: false });
  });

  it('is another one a day later, and forgotten', async () => {
    work = answers({});
    await send('old');
    await sql(`UPDATE idempotency_key SET expires_at = now() - interval '1 second'`);

    expect(await send('old', { body: { a: 2 } })).toMatchObject({ status: 201, isReplayed: false });
    await tidy();
    expect(await sql('SELECT count(*)::int AS left FROM idempotency_key')).toEqual([{ left: 1 }]);
  });

  it('is told where it is when the answer was too long to be kept', async () => {
    work = answers({ text: 'x'.repeat(70_000) });
    const first = await send('long');
    const before = calls;

    const again = await send('long');

    expect(again.status).toBe(409);
    const location = first.headers.get('location');
    expect(JSON.parse(again.text)).toMatchObject({ detail: expect.stringContaining(`at ${location}.`) });
    expect(calls).toBe(before);
  });
});

describe('what is over', () => {
  it('is removed, however much it is, and nothing else', async () => {
    work = answers({});
    await send('young');
    const { left: living } = await count('idempotency_key');
    await sql(`INSERT INTO idempotency_key (scope, fingerprint, holder, leased_until, expires_at)
      SELECT sha256(n::text::bytea), sha256(''), gen_random_uuid(), now(), now() - interval '1 second' FROM generate_series(1, 2500) AS n`);
    await sql(`INSERT INTO operation (id, kind, resource, namespace, name, uid, generation, username, request_id, started_at)
      SELECT gen_random_uuid(), 'Create', 'x', 'x', 'x', gen_random_uuid(), 1, 'ada', 'x', now() - n * interval '15 days' FROM generate_series(1, 2500) AS n`);

    await tidy();

    expect(await count('idempotency_key')).toEqual({ left: living });
    expect(await count('operation')).toEqual({ left: 1 });
  });
});

describe('a key', () => {
  it('is for one request', async () => {
    work = answers({});
    await send('one');

    const other = await send('one', { body: { a: 2 } });

    expect(other.status).toBe(422);
    expect(JSON.parse(other.text)).toMatchObject({
      code: 'IdempotencyKeyReused',
      errors: [{ parameter: 'Idempotency-Key' }],
    });
  });

  it('is one user’s', async () => {
    work = answers({});
    await send('mine');

    expect(await send('mine', { user: 'eve' })).toMatchObject({ status: 201, isReplayed: false });
  });

  it('is one of so many that a user may have at a time', async () => {
    work = answers({});
    await send('greedy-1', { user: 'greedy' });
    await sql(`INSERT INTO idempotency_key (owner, scope, fingerprint, holder, leased_until, expires_at)
      SELECT sha256('["greedy"]'), sha256(('greedy' || n)::bytea), sha256(''), gen_random_uuid(), now(), now() + interval '1 hour'
      FROM generate_series(2, ${mostKeys}) AS n`);

    const more = await send('greedy-2', { user: 'greedy' });

    expect(more.status).toBe(429);
    expect(JSON.parse(more.text)).toMatchObject({ code: 'TooManyRequests' });
    expect(await send('greedy-1', { user: 'greedy' })).toMatchObject({ status: 201, isReplayed: true });
    expect(await send('greedy-2', { user: 'ada' })).toMatchObject({ status: 201, isReplayed: false });
    await sql('DELETE FROM idempotency_key WHERE owner = sha256(\'["greedy"]\') AND answer IS NULL');
    expect(await send('greedy-2', { user: 'greedy' })).toMatchObject({ status: 201, isReplayed: false });
  });

  it('that cannot be is refused', async () => {
    expect((await send('a b')).status).toBe(400);
  });
});
