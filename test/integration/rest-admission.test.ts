import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TenantControlPlane, tenantControlPlanes } from '../../src/api/v1alpha1/tenant-control-plane.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { isKubeError } from '../../src/kube/errors.ts';
import { connect } from '../../src/kube/kubeconfig.ts';
import { brokenSpecs, goodSpecs, type WrittenSpec, wildSpecs } from '../support/arbitrary-tenant.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { type ManagementCluster, startManagementCluster } from '../support/management-cluster.ts';
import { permit } from '../support/permissions.ts';
import { type RestApi, startRest, tokenOf } from '../support/rest-api.ts';

const count = scaled(150, 1_000);
const concurrency = 8;
const seed = seedOr(20_261_122);
/** Characters: REST takes bodies of 256 KiB, the API server of 3 MiB, and one of them may be four octets. */
const largestSpec = 60_000;
const owner = { namespace: 'team-a', name: 'owner' };

const started = new AsyncDisposableStack();
let cluster: ManagementCluster;
let rest: RestApi;
/** For REST; and the API server's own client of the same user. */
let token: string;
let direct: KubeClient;

beforeAll(async () => {
  cluster = started.use(await startManagementCluster());
  rest = started.use(await startRest(cluster.client));
  const { client, kubeconfigPath, apiserver } = cluster;
  token = await tokenOf(kubeconfigPath, owner);
  const own = await tokenOf(kubeconfigPath, owner, 'https://kubernetes.default.svc.cluster.local');
  direct = await connect({ server: apiserver.server, ca: apiserver.ca.certificate, token: own });
  started.defer(() => direct.close());
  await permit(client, owner, { resources: ['tenantcontrolplanes'] });
}, 120_000);

afterAll(() => started.disposeAsync());

/** What became of a spec: the object with every default, or the fields that are wrong, as paths of the object. */
type Verdict =
  | { readonly isTaken: true; readonly spec: unknown }
  | { readonly isTaken: false; readonly fields: readonly string[] };

test(
  'a spec is taken by REST exactly when the API server takes it, and what is wrong with it is said of the same fields',
  async () => {
    const written = samples();
    const tally = { taken: 0, refused: 0 };
    await concurrently(written, async ({ spec }) => {
      const [overRest, directly] = await Promise.all([verdictOfRest(spec), verdictOfApiServer(spec)]);
      expect({ seed, spec, verdict: overRest }).toEqual({ seed, spec, verdict: directly });
      tally[directly.isTaken ? 'taken' : 'refused'] += 1;
    });
    recordFigure(
      'REST and admission agree',
      `${count} specs of seed ${seed}: ${tally.taken} taken, ${tally.refused} refused`,
    );
    // Both happen, or the specs are not worth much.
    expect(Math.min(tally.taken, tally.refused)).toBeGreaterThan(count / 10);
  },
  scaled(120_000, 600_000),
);

async function verdictOfRest(spec: object): Promise<Verdict> {
  const path = '/v1/namespaces/team-a/controlplanes?dryRun=true';
  const { status, body } = await rest.ask('POST', path, { token, body: { name: 'generated', spec } });
  if (status === 200) return { isTaken: true, spec: body['spec'] };
  expect([400, 422]).toContain(status);
  const errors = (body['errors'] ?? []) as readonly { readonly pointer?: string }[];
  return { isTaken: false, fields: errors.map(({ pointer = '' }) => pointer).toSorted() };
}

async function verdictOfApiServer(spec: object): Promise<Verdict> {
  const object = { metadata: { name: 'generated', namespace: 'team-a' }, spec } as TenantControlPlane;
  try {
    const made = await direct.create(tenantControlPlanes, object, { dryRun: true, isStrict: true });
    return { isTaken: true, spec: made.spec };
  } catch (error: unknown) {
    if (!isKubeError(error, 'Invalid', 'BadRequest')) throw error;
    const unknown = [...error.message.matchAll(/unknown field "([^"]+)"/g)].map(([, field = '']) => field);
    const fields = error.causes.length > 0 ? error.causes.map(({ field }) => field) : unknown;
    return { isTaken: false, fields: fields.map(pointerOf).toSorted() };
  }
}

/** e.g. `spec.a[0].b` as `/spec/a/0/b`; keys in brackets may have dots. */
function pointerOf(field: string): string {
  if (field === '<nil>') return '';
  const parts: string[] = [];
  for (const [, name, key] of field.matchAll(/([^.[\]]+)|\[([^\]]*)\]/g)) parts.push(name ?? key ?? '');
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function samples(): readonly WrittenSpec[] {
  const specs = fc.oneof(
    { weight: 4, arbitrary: goodSpecs },
    { weight: 3, arbitrary: brokenSpecs },
    { weight: 3, arbitrary: wildSpecs },
  );
  const small = specs.filter(({ spec }) => JSON.stringify(spec).length < largestSpec);
  return fc.sample(small, { numRuns: count, seed });
}

async function concurrently<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
