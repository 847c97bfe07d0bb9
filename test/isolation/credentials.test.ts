import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openDataStore } from '../../src/datastore/open.ts';
import { rootConnection, tenantCredential } from '../support/etcd-datastore.ts';
import type { Credential } from '../support/certificates.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled } from '../support/form.ts';
import { EtcdCaller } from './etcd-caller.ts';
import { outcomeOf } from './etcd-checks.ts';
import { rpc } from './etcd-forms.ts';
import { startEtcdWorld } from './etcd-world.ts';
import type { EtcdWorld } from './etcd-world.ts';
import { foreignCredentials } from './foreign-credentials.ts';
import { startPostgresWorld } from './postgres-world.ts';
import type { PostgresWorld } from './postgres-world.ts';
import { hostileIds } from './tenants.ts';

jest.setTimeout(600_000);

const ids = hostileIds(scaled(4, 20));
const [victim = '', attacker = ''] = ids;
const passes = { etcd: new Map<string, Credential>(), postgres: new Map<string, Credential>() };
let etcd: EtcdWorld;
let postgres: PostgresWorld;
let refused = 0;
let accepted = 0;
const begun = performance.now();
const started = new AsyncDisposableStack();

beforeAll(async () => {
  etcd = started.use(await startEtcdWorld(ids));
  postgres = started.use(await startPostgresWorld(ids));
  for (const id of ids) {
    passes.etcd.set(id, await tenantCredential(etcd.server, id));
    passes.postgres.set(id, await postgres.credentialOf(id));
  }
});

afterAll(async () => {
  const seconds = Math.round((performance.now() - begun) / 1000);
  const counts = `${ids.length} tenants x 2 stores, ${seconds} s`;
  recordFigure(
    'credentials',
    `${refused + accepted} presented where they do not belong, ${accepted} accepted (${counts})`,
  );
  await started.disposeAsync();
});

describe.each(ids)('the credential of %s', (id) => {
  const others = ids.filter((other) => other !== id);

  it('is good for its own partition, on both stores', async () => {
    expect(await atEtcd(passOf('etcd', id), id)).toBe('allowed');
    expect(await atPostgres(passOf('postgres', id), id)).toBe('allowed');
  });

  it('is good for no other partition of its store', async () => {
    for (const other of others) {
      expectRefused(await atEtcd(passOf('etcd', id), other), [denied]);
      expectRefused(await atEtcd(passOf('etcd', id), other, rpc.put), [denied]);
      expectRefused(await atPostgres(passOf('postgres', id), other, id), [
        /^42501 permission denied for database/,
      ]);
      expectRefused(await atPostgres(passOf('postgres', id), other), [otherRole]);
    }
  });

  it('is good for nothing on a store of another kind', async () => {
    for (const partition of ids) {
      expectRefused(await atEtcd(passOf('postgres', id), partition), handshake);
      expectRefused(await atPostgres(passOf('etcd', id), partition), handshake);
    }
  });
});

describe('what is no credential of a tenant', () => {
  it('opens nothing of it on etcd', async () => {
    const authority = { authority: etcd.server.ca, authorityName: 'etcd-ca', administrator: 'root' };
    const credentials = await foreignCredentials({
      ...authority,
      victim,
      attacker: passOf('etcd', attacker),
    });

    for (const [name, credential] of Object.entries(credentials)) {
      for (const call of [rpc.range, rpc.put]) {
        expectRefused(await atEtcd(credential, victim, call), [...handshake, denied, unknownUser], name);
      }
    }
  });

  it('opens nothing of it on Postgres', async () => {
    const authority = {
      authority: postgres.server.ca,
      authorityName: 'postgres-ca',
      administrator: 'postgres',
    };
    const credentials = await foreignCredentials({
      ...authority,
      victim,
      attacker: passOf('postgres', attacker),
    });

    for (const [name, credential] of Object.entries(credentials)) {
      expectRefused(await atPostgres(credential, victim), [...handshake, otherRole, noCertificate], name);
      expectRefused(await atPostgres(credential, 'postgres'), [...handshake, otherRole, noCertificate], name);
    }
  });

  it('is the credential of a tenant that was deleted', async () => {
    const store = openDataStore(rootConnection(etcd.server));
    await store.deletePartition(attacker);
    await store.close();
    await postgres.driver.deletePartition(attacker);

    expectRefused(await atEtcd(passOf('etcd', attacker), attacker), [denied, unknownUser]);
    expectRefused(await atPostgres(passOf('postgres', attacker), attacker), [
      /^28000 role ".*" does not exist/,
    ]);
    expect(await atEtcd(passOf('etcd', victim), victim)).toBe('allowed');
    expect(await atPostgres(passOf('postgres', victim), victim)).toBe('allowed');
  });
});

/** Of keys that a user has no right to. */
const denied = /^etcdserver: permission denied$/;
const unknownUser = /^auth: user name not found$/;
const otherRole = /^28000 certificate authentication failed for user/;
const noCertificate = /^28000 connection requires a valid client certificate$/;
/** RFC 8446 section 6.2: bad, unsupported, expired and required certificate, unknown authority. */
const handshake = [/SSL alert number (42|43|45|48|116)/];
/** The server had closed before its alert was read; what it said is lost. */
const lostAlert = /ECONNRESET|EPIPE|dropped/;

function passOf(store: keyof typeof passes, id: string): Credential {
  const pass = passes[store].get(id);
  if (!pass) throw new Error(`${id} has no credential for ${store}`);
  return pass;
}

async function atEtcd(
  as: Credential | undefined,
  partition: string,
  call: string = rpc.range,
): Promise<string> {
  const request = { key: Buffer.from(`/${partition}/key-0`) };
  return await untilHeard(async () => {
    using caller = new EtcdCaller(etcd.protocol, etcd.server, as);
    return await outcomeOf(caller, { rpc: call, request });
  });
}

async function atPostgres(as: Credential | undefined, database: string, role = database): Promise<string> {
  return await untilHeard(async () => (await postgres.knock(database, as, role)).text);
}

async function untilHeard(attempt: () => Promise<string>): Promise<string> {
  let outcome = await attempt();
  for (let again = 0; again < 10 && lostAlert.test(outcome); again += 1) outcome = await attempt();
  return outcome;
}

/** A failure for any other reason would prove nothing. */
function expectRefused(outcome: string, reasons: readonly RegExp[], by = ''): void {
  const isRefused = reasons.some((reason) => reason.test(outcome));
  if (isRefused) refused += 1;
  else accepted += 1;
  expect({ by, outcome, isRefused }).toEqual({ by, outcome, isRefused: true });
}
