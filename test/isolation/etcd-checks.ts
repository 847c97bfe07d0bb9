import { concurrently } from '../../src/bootstrap/concurrently.ts';
import type { KeyRange } from '../support/etcd-escapes.ts';
import type { Answer, Call, EtcdCaller } from './etcd-caller.ts';
import { readForms, writeForms } from './etcd-forms.ts';
import type { EtcdTenant } from './etcd-world.ts';
import type { Findings } from './findings.ts';
import { shapesBeside, shapesOf } from './hostile-keys.ts';

const callsUnderWay = 32;

/** Everything that can be done with a key, on every key and range that is not the tenant's own. `formsOf` may be a choice of it. */
export async function tryForeignKeys(
  tenant: EtcdTenant,
  others: readonly EtcdTenant[],
  formsOf: typeof keyForms = keyForms,
): Promise<Findings> {
  const shapes = Object.entries({
    ...shapesBeside(tenant.id),
    ...Object.assign({}, ...others.map((other) => shapesOf(tenant.id, other.id))),
  } as Readonly<Record<string, KeyRange>>);
  const all = shapes.flatMap(([shape, at]) =>
    Object.entries(formsOf(tenant, at)).map(([form, call]) => ({ name: `${shape}: ${form}`, call, at })),
  );
  const outcomes = await concurrently(callsUnderWay, all, async ({ name, call, at }) => {
    const outcome = await outcomeOf(tenant.caller, call);
    return isRefusal(outcome, at) ? [] : [`${name}: ${outcome}`];
  });
  return { attempts: all.length, escapes: outcomes.flat() };
}

export function keyForms({ own }: Pick<EtcdTenant, 'own'>, at: KeyRange): Readonly<Record<string, Call>> {
  return { ...readForms(at, own), ...writeForms(at, own) };
}

/** By name, what etcd did to each call that it did anything else to than deny. */
export async function undenied(
  caller: EtcdCaller,
  calls: Readonly<Record<string, Call>>,
): Promise<Readonly<Record<string, string>>> {
  const outcomes = await concurrently(callsUnderWay, Object.entries(calls), async ([name, call]) => {
    const outcome = await outcomeOf(caller, call);
    return isDenial(outcome) ? [] : [[name, outcome] as const];
  });
  return Object.fromEntries(outcomes.flat());
}

/** `allowed`, or what etcd said. */
export async function outcomeOf(caller: EtcdCaller, call: Call): Promise<string> {
  try {
    await caller.ask(call);
    return 'allowed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A call without a key fails for everybody, before anybody's rights are looked at. */
function isRefusal(outcome: string, { key }: KeyRange): boolean {
  return isDenial(outcome) || (key.length === 0 && outcome === 'etcdserver: key is not provided');
}

/** A watch wraps the error of the calls. Any other error would prove nothing. */
function isDenial(outcome: string): boolean {
  return /^(rpc error: code = PermissionDenied desc = )?etcdserver: permission denied$/.test(outcome);
}

/** Whether an answer has or counts any key but `key`, which some forms read along. */
export function holdsKeysBeside(key: Buffer, answer: unknown): boolean {
  if (Array.isArray(answer)) return answer.some((each) => holdsKeysBeside(key, each));
  if (typeof answer !== 'object' || answer === null || answer instanceof Buffer) return false;
  const { key: found, deleted, kvs, count, ...rest } = answer as Answer;
  if (found instanceof Buffer) return !found.equals(key);
  if (deleted !== undefined || (kvs === undefined && count !== undefined)) return true;
  return [kvs, ...Object.values(rest)].some((each) => holdsKeysBeside(key, each));
}
