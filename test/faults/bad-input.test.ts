import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type TenantControlPlane,
  tenantControlPlanes,
  tenantControlPlaneSpec,
} from '../../src/api/v1alpha1/tenant-control-plane.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { namespaces } from '../../src/kube/resources.ts';
import { brokenSpecs, goodSpecs, type WrittenSpec, wildSpecs } from '../support/arbitrary-tenant.ts';
import { BuiltObjects } from '../support/built-objects.ts';
import { installCustomResources } from '../support/custom-resources.ts';
import { recordFigure } from '../support/figures.ts';
import { scaled, seedOr } from '../support/form.ts';
import { startTenantCluster, type TenantCluster } from '../support/tenant-cluster.ts';

const count = scaled(1500, 100_000);
const chunk = 300;
const concurrency = 16;
const seed = seedOr(20_261_121);

let cluster: TenantCluster;
let built: BuiltObjects;

beforeAll(async () => {
  cluster = await startTenantCluster();
  await installCustomResources(cluster.client);
  for (const name of ['team-a', 'marina-tenants', 'kube-system']) {
    if (!(await cluster.client.get(namespaces, { name }))) {
      await cluster.client.create(namespaces, { metadata: { name } });
    }
  }
  built = await BuiltObjects.against(cluster.client);
}, 120_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
}, 30_000);

/** What became of one spec. */
type Outcome =
  | { readonly state: 'Refused'; readonly error: KubeError }
  | { readonly state: 'Explained'; readonly messages: readonly string[] }
  | { readonly state: 'Accepted' };

test(
  'every generated spec is taken and built, or refused with the path of what is wrong',
  async () => {
    const started = performance.now();
    const outcomes = new Map<Outcome['state'], number>();
    for (let done = 0; done < count; done += chunk) {
      const written = samples(Math.min(chunk, count - done), seed + done);
      await concurrently(written, async (each) => {
        const outcome = await checked(each);
        outcomes.set(outcome.state, (outcomes.get(outcome.state) ?? 0) + 1);
      });
    }
    const perSecond = Math.round((count / (performance.now() - started)) * 1000);
    const of = (state: Outcome['state']) => outcomes.get(state) ?? 0;
    recordFigure(
      'bad input: generated specs',
      `${count}, ${perSecond} a second: ${of('Refused')} refused, ${of('Explained')} explained in a condition, ${of('Accepted')} taken`,
    );
    // All three happen, or the specs are not worth much.
    expect(Math.min(of('Refused'), of('Explained'), of('Accepted'))).toBeGreaterThan(count / 50);
  },
  scaled(110_000, 4 * 60 * 60_000),
);

async function checked(written: WrittenSpec): Promise<Outcome> {
  try {
    const outcome = await fateOf(written.spec);
    if (outcome.state === 'Refused') expectPath(outcome.error, written);
    if (outcome.state === 'Explained')
      for (const message of outcome.messages) expectSpecField(message, written);
    if (written.broken === undefined) return outcome;
    expect(outcome.state).not.toBe('Accepted');
    return outcome;
  } catch (error: unknown) {
    const { broken = 'nothing' } = written;
    const spec = JSON.stringify(written.spec).slice(0, 4000);
    throw new Error(`seed ${seed}, ${broken} is wrong in ${spec}`, { cause: error });
  }
}

async function fateOf(spec: object): Promise<Outcome> {
  let tenant: TenantControlPlane;
  try {
    const object = { metadata: { name: 'generated', namespace: 'team-a' }, spec } as TenantControlPlane;
    tenant = await cluster.client.create(tenantControlPlanes, object, { dryRun: true });
  } catch (error: unknown) {
    if (error instanceof KubeError) return { state: 'Refused', error };
    throw error;
  }
  // What the API server takes, the code understands, and nothing is left to fill in.
  expect(tenantControlPlaneSpec.parse(tenant.spec)).toEqual(tenant.spec);
  const messages = await built.problemsOf(tenant);
  return messages.length > 0 ? { state: 'Explained', messages } : { state: 'Accepted' };
}

/** A refusal of what was asked, not a failure, that says where; of a known fault it says exactly where. */
function expectPath(error: KubeError, { broken }: WrittenSpec): void {
  expect(error.code).toBe('Invalid');
  const fields = error.causes
    .map(({ field }) => field.replace(/^\./, ''))
    .filter((field) => field !== '<nil>');
  expect(fields).toContainEqual(expect.stringMatching(/^spec[.\w[\]]*/));
  if (broken) expect(fields).toContainEqual(expect.stringContaining(broken));
}

function expectSpecField(message: string, { broken }: WrittenSpec): void {
  expect(message).toMatch(/\bspec\.(addons|authentication|controlPlane|kubernetes|networkProfile)\.\w+/);
  if (broken) expect(message).toContain(broken);
}

/** Most of them with something wrong. */
function samples(size: number, from: number): readonly WrittenSpec[] {
  return fc.sample(fc.oneof(goodSpecs, brokenSpecs, brokenSpecs, wildSpecs), { numRuns: size, seed: from });
}

async function concurrently<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
