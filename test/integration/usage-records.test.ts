import { randomUUID } from 'node:crypto';
import '../support/one-realm.ts';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ManagementDatabase } from '../../src/persistence/management-database.ts';
import type { Changes, Subject } from '../../src/usage/changes.ts';
import { meterExistence } from '../../src/usage/existence.ts';
import { Ledger } from '../../src/usage/ledger.ts';
import { meterResources } from '../../src/usage/levels.ts';
import { meterRequests } from '../../src/usage/requests.ts';
import { dayMs, hourMs } from '../../src/usage/sample.ts';
import { UsageRecords } from '../../src/usage/store/usage-records.ts';
import { type UsageLine, type UsageQuestion, UsageReport } from '../../src/usage/store/usage-report.ts';
import { UsageRollup } from '../../src/usage/store/usage-rollup.ts';
import { type DatabaseServer, openDatabase, startDatabaseServer } from '../support/management-database.ts';
import { waitUntil } from '../support/wait-until.ts';

jest.setTimeout(60_000);

const started = new AsyncDisposableStack();
let server: DatabaseServer;
let database: ManagementDatabase;
let records: UsageRecords;
let report: UsageReport;

beforeAll(async () => {
  server = started.use(await startDatabaseServer());
  database = started.use(await openDatabase(await server.createDatabase()));
  records = new UsageRecords(database);
  report = new UsageReport(database);
}, 120_000);

afterAll(() => started.disposeAsync());

const begunMs = Date.parse('2026-11-20T22:00:00Z');
const minute = 60_000;
const offer = { className: 'gold', size: 'small' };

function aSubject(name: string): Subject {
  return { uid: randomUUID(), namespace: 'team-a', name, bornMs: begunMs };
}

/** What one leader would write of `subject` if it looked at these minutes; its API server answers ten requests a minute from the start. */
async function lead(subject: Subject, minutes: readonly number[], store = records): Promise<string> {
  const ledger = new Ledger(await store.load([subject.uid]));
  let outcome = '';
  for (const each of minutes) {
    enter(ledger, subject, begunMs + each * minute);
    const changes = ledger.changes();
    outcome = await store.commit(changes);
    if (outcome === 'Overtaken') break;
    ledger.settled(changes);
  }
  return outcome;
}

function enter(ledger: Ledger, subject: Subject, nowMs: number): void {
  const { uid, bornMs } = subject;
  const cursors = ledger.cursors(uid);
  ledger.register(subject);
  const seen = { ...subject, ...offer, isStopped: false };
  ledger.enter(uid, 'existence', offer, meterExistence(cursors.existence, seen, nowMs));
  const pod = { createdMs: 0, usage: { cpuCores: 0.5, memoryBytes: 1000 } };
  const moment = { nowMs, reachMs: 1.5 * minute, bornMs };
  ledger.enter(uid, 'resources', offer, meterResources(cursors.resources, [pod], moment));
  const value = ((nowMs - begunMs) / minute) * 10;
  const reading = { pod: 'a', restarts: 0, startedMs: bornMs, value, atMs: nowMs };
  ledger.enter(uid, 'requests', offer, meterRequests(cursors.requests, [reading], { bornMs, nowMs }));
}

async function ask(subject: Subject, question: Partial<UsageQuestion> = {}): Promise<readonly UsageLine[]> {
  return await report.lines({
    from: new Date(begunMs),
    to: new Date(begunMs + 40 * dayMs),
    namespace: subject.namespace,
    name: subject.name,
    groupBy: 'controlplane',
    granularity: 'total',
    limit: 1000,
    ...question,
  });
}

const upTo = (minutes: number) => Array.from({ length: minutes }, (_, index) => index + 1);

describe('usage that is written down', () => {
  it('is once what it was, though leaders change at any minute', async () => {
    const subject = aSubject('changing');

    for (const start of [0, 7, 8, 21])
      await lead(subject, upTo(start + 7).slice(start === 0 ? 0 : start - 2));

    expect(await ask(subject)).toEqual([
      expect.objectContaining({
        ...offer,
        uid: subject.uid,
        runningSeconds: 28 * 60,
        stoppedSeconds: 0,
        apiRequests: { value: 280, coverage: 1 },
      }),
    ]);
  });

  it('is written by one of two who lead at once, and the other goes on from there', async () => {
    const subject = aSubject('disputed');
    await lead(subject, [1]);
    const [mine, theirs] = [new Ledger(await records.load([])), new Ledger(await records.load([]))];
    enter(mine, subject, begunMs + 2 * minute);
    enter(theirs, subject, begunMs + 2.1 * minute);

    const outcomes = await Promise.all([mine, theirs].map((ledger) => records.commit(ledger.changes())));

    expect(outcomes.toSorted()).toEqual(['Committed', 'Overtaken']);
    expect(await lead(subject, [3])).toBe('Committed');
    const [line] = await ask(subject);
    expect(line).toMatchObject({
      runningSeconds: 180,
      apiRequests: { value: 30 },
      cpuSeconds: { value: 90 },
    });
  });

  it('is begun by one of two as well', async () => {
    const subject = aSubject('begun');
    const ledgers = [new Ledger(await records.load([])), new Ledger(await records.load([]))];
    for (const ledger of ledgers) enter(ledger, subject, begunMs + minute);

    const outcomes = await Promise.all(ledgers.map((ledger) => records.commit(ledger.changes())));

    expect(outcomes.toSorted()).toEqual(['Committed', 'Overtaken']);
    expect((await ask(subject))[0]?.runningSeconds).toBe(60);
  });

  it('is all of a commit or nothing of it', async () => {
    const subject = aSubject('whole');
    const ledger = new Ledger(await records.load([]));
    enter(ledger, subject, begunMs + minute);
    const { samples, ...rest } = ledger.changes();
    const [sample] = samples;
    const twice = { ...rest, samples: [...samples, ...(sample ? [sample] : [])] } satisfies Changes;

    await expect(records.commit(twice)).rejects.toThrow('duplicate key');

    expect((await records.load([subject.uid])).has(subject.uid)).toBe(false);
    expect(await ask(subject)).toEqual([]);
  });

  it('tells a gap from nothing: hours are filled, counters go on, levels are not known', async () => {
    const subject = aSubject('gap');

    await lead(subject, [...upTo(10), 60]);

    const [line] = await ask(subject);
    expect(line).toMatchObject({ runningSeconds: 3600, apiRequests: { value: 600, coverage: 1 } });
    expect(line?.cpuSeconds.coverage).toBeCloseTo(11.5 / 60);
    expect(line?.cpuSeconds.value).toBeCloseTo(11.5 * 30);
    expect(line?.storageBytes).toBeNull();
    expect(line?.storageByteSeconds).toEqual({ value: null, coverage: 0 });
  });

  it('stays when its control plane is gone, and is not begun again by whoever has not heard of it', async () => {
    const subject = aSubject('gone');
    await lead({ ...subject, deletedMs: begunMs + 90_000 }, [2]);

    await lead(subject, [2]);

    expect((await records.load([])).has(subject.uid)).toBe(false);
    const known = (await records.load([subject.uid])).get(subject.uid);
    expect(known?.subject.deletedMs).toBe(begunMs + 90_000);
    expect((await ask(subject))[0]?.runningSeconds).toBe(120);
  });

  it('is known of one whose deletion has hung for weeks', async () => {
    const subject = aSubject('hanging');
    const deletedMs = Date.now() - 30 * dayMs;
    await lead({ ...subject, bornMs: deletedMs - hourMs, deletedMs }, [2]);

    const known = (await records.load([subject.uid])).get(subject.uid);

    expect(known).toMatchObject({ subject: { deletedMs }, cursors: { existence: { untilMs: deletedMs } } });
  });

  it('waits while the database is away, by the hour, and is written when it is back', async () => {
    const own = await server.createDatabase();
    await using other = await openDatabase(own);
    const store = new UsageRecords(other);
    const subject = aSubject('away');
    const ledger = new Ledger(await store.load([]));
    await server.postgres.kill();
    for (const each of upTo(180)) {
      enter(ledger, subject, begunMs + each * minute);
      if (each % 60 === 0)
        await expect(store.commit(ledger.changes())).rejects.toMatchObject({ code: 'Unavailable' });
    }
    await server.postgres.start();

    expect(ledger.size).toBe(9);
    await waitUntil('the database is back', async () =>
      store.commit(ledger.changes()).then(
        (outcome) => outcome === 'Committed',
        () => false,
      ),
    );
    const [line] = await new UsageReport(other).lines({
      from: new Date(begunMs),
      to: new Date(begunMs + dayMs),
      groupBy: 'namespace',
      granularity: 'total',
      limit: 10,
    });
    expect(line).toMatchObject({ runningSeconds: 3 * 3600, apiRequests: { value: 1800, coverage: 1 } });
    expect(line?.cpuSeconds.coverage).toBeCloseTo(1);
    await waitUntil('all are back', async () => database.isAvailable);
  });
});

describe('usage that gets old', () => {
  it('is kept by hours, then by days, with the same sums, also when some of it comes late', async () => {
    await using own = await openDatabase(await server.createDatabase());
    const store = new UsageRecords(own);
    const rollup = new UsageRollup(own, { hourlyDays: 2, days: 30 });
    const ofAll = new UsageReport(own);
    const subject = aSubject('old');
    const rollUp = async (nowMs: number) => {
      // By two at once, as if both led.
      const run = async () => {
        while (await rollup.step(new Date(nowMs))) continue;
      };
      await Promise.all([run(), run()]);
    };
    // From midnight: days are kept whole.
    const midnightMs = Math.floor(begunMs / dayMs) * dayMs;
    const question = { from: new Date(midnightMs), groupBy: 'controlplane', limit: 1000 } as const;
    const total = async () => {
      const to = new Date(begunMs + 20 * dayMs);
      const [line] = await ofAll.lines({ ...question, to, granularity: 'total' });
      return line;
    };
    const rows = async (table: string) => {
      const [row] = await own.use('count', (dataSource) =>
        dataSource.query<readonly { readonly count: number }[]>(`SELECT count(*)::int FROM ${table}`),
      );
      return row?.count;
    };
    await lead(subject, upTo(5 * 60), store);
    const before = await total();

    await rollUp(begunMs + 3 * hourMs);
    expect(await total()).toEqual(before);
    expect(await rows('usage_sample')).toBe(0);
    // Five hours, and two days.
    expect(await rows('usage_rollup')).toBe(7);
    await lead(subject, upTo(6 * 60).slice(5 * 60), store);
    expect(await total()).toMatchObject({
      runningSeconds: 6 * 3600,
      apiRequests: { value: 3600, coverage: 1 },
    });
    await rollUp(begunMs + 5 * dayMs);

    expect(await rows('usage_rollup')).toBe(2);
    const after = await total();
    expect(after).toMatchObject({ runningSeconds: 6 * 3600, apiRequests: { value: 3600, coverage: 1 } });
    expect(after?.cpuSeconds.value).toBeCloseTo(6 * 1800);
    const to = new Date(begunMs + 2 * dayMs + 2 * hourMs);
    const days = await ofAll.lines({ ...question, to, granularity: 'day' });
    expect(days.map(({ start, runningSeconds }) => [start.toISOString(), runningSeconds])).toEqual([
      ['2026-11-20T00:00:00.000Z', 7200],
      ['2026-11-21T00:00:00.000Z', 14_400],
    ]);

    const last: Subject = { ...subject, deletedMs: begunMs + 6 * hourMs };
    await lead(last, [6 * 60], store);
    await rollUp(begunMs + 100 * dayMs);
    expect(await rows('usage_rollup')).toBe(0);
    expect(await rows('usage_subject')).toBe(0);
  });
});

describe('a report', () => {
  it('is the same of any hours, whether they are read as samples, hours or days', async () => {
    await using own = await openDatabase(await server.createDatabase());
    const store = new UsageRecords(own);
    const rollup = new UsageRollup(own, { hourlyDays: 30, days: 60 });
    const subject = aSubject('mixed');
    const ledger = new Ledger(await store.load([]));
    // An hour more of requests in each hour, so that no two are alike.
    for (let hour = 1; hour <= 80; hour += 1) {
      const nowMs = begunMs + hour * hourMs;
      const value = (hour * (hour + 1)) / 2;
      const reading = { pod: 'a', restarts: 0, startedMs: begunMs, value, atMs: nowMs };
      const cursor = ledger.cursors(subject.uid).requests;
      ledger.register(subject);
      ledger.enter(
        subject.uid,
        'requests',
        offer,
        meterRequests(cursor, [reading], { bornMs: begunMs, nowMs }),
      );
      if (hour !== 70) continue;
      const changes = ledger.changes();
      await store.commit(changes);
      ledger.settled(changes);
      while (await rollup.step(new Date(nowMs))) continue;
    }
    await store.commit(ledger.changes());

    for (const [first, end] of [
      [0, 80],
      [1, 2],
      [0, 2],
      [2, 26],
      [1, 27],
      [3, 60],
      [26, 50],
      [69, 75],
      [75, 80],
    ] as const) {
      const [line] = await new UsageReport(own).lines({
        from: new Date(begunMs + first * hourMs),
        to: new Date(begunMs + end * hourMs),
        groupBy: 'namespace',
        granularity: 'total',
        limit: 1,
      });
      const upToHour = (hour: number) => (hour * (hour + 1)) / 2;
      expect([first, end, line?.apiRequests.value]).toEqual([first, end, upToHour(end) - upToHour(first)]);
    }
  });

  it('is by control plane, namespace or class, in hours, days or at once, and comes in pages', async () => {
    await using own = await openDatabase(await server.createDatabase());
    const store = new UsageRecords(own);
    const [a, b] = [aSubject('a'), { ...aSubject('b'), namespace: 'team-b' }];
    for (const subject of [a, b]) await lead(subject, upTo(90), store);
    const ask = (question: Partial<UsageQuestion>) =>
      new UsageReport(own).lines({
        from: new Date(begunMs),
        to: new Date(begunMs + 2 * hourMs),
        groupBy: 'controlplane',
        granularity: 'hour',
        limit: 100,
        ...question,
      });
    const brief = (lines: readonly UsageLine[]) =>
      lines.map(({ key, runningSeconds }) => [key[0]?.slice(11, 13), ...key.slice(1, 3), runningSeconds]);

    const whole = await ask({});
    expect(brief(whole)).toEqual([
      ['22', 'team-a', 'a', 3600],
      ['22', 'team-b', 'b', 3600],
      ['23', 'team-a', 'a', 1800],
      ['23', 'team-b', 'b', 1800],
    ]);
    const paged: UsageLine[] = [];
    for (let after: readonly string[] | undefined; ;) {
      const [line] = await ask({ limit: 1, after });
      if (!line) break;
      paged.push(line);
      after = line.key;
    }
    expect(paged).toEqual(whole);
    expect(brief(await ask({ groupBy: 'class', granularity: 'total' }))).toEqual([
      ['22', 'gold', 'small', 10_800],
    ]);
    expect(brief(await ask({ groupBy: 'namespace', granularity: 'total', namespace: 'team-b' }))).toEqual([
      ['22', 'team-b', 5400],
    ]);
    expect(await ask({ namespace: "'; DROP TABLE usage_sample; --" })).toEqual([]);
  });
});
