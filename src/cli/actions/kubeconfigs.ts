import { userInfo } from 'node:os';
import { parse } from 'yaml';
import type { Schemas } from '../../client/client.ts';
import type { Backend, Ref } from '../backend.ts';
import type { Context } from '../context.ts';
import { readDuration } from '../duration.ts';
import { CliError } from '../failure.ts';
import { changeFile, userKubeconfig } from '../kubeconfig/file.ts';
import { type Kubeconfig, mergeKubeconfig } from '../kubeconfig/merge.ts';
import { isForPeople, renderList } from '../output/format.ts';
import { writePrivately } from '../settings/config-file.ts';
import { kubeconfigs } from '../views.ts';
import { tell } from './tell.ts';

export interface IssueFlags {
  readonly user?: string;
  readonly group?: readonly string[];
  readonly clusterRole?: string;
  readonly inNamespace?: readonly string[];
  readonly lifetime?: string;
  readonly renew?: boolean;
  readonly name?: string;
  readonly output?: string;
  readonly as?: string;
  readonly force?: boolean;
  readonly use?: boolean;
}

/** Milliseconds between questions whether a control plane that is being born has issued it. */
const pollMs = 2_000;

export async function issue(
  context: Context,
  [name = '']: readonly string[],
  flags: IssueFlags,
): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const backend = await context.backend();
  const issued = await backend.issueKubeconfig(ref, {
    user: flags.user ?? userInfo().username,
    ...(flags.group && { groups: [...flags.group] }),
    ...(flags.clusterRole !== undefined && { clusterRole: flags.clusterRole }),
    ...(flags.inNamespace && { namespaces: [...flags.inNamespace] }),
    ...(flags.lifetime !== undefined && { lifetimeSeconds: readDuration(flags.lifetime) }),
    ...(flags.renew === true && { renew: true }),
    ...(flags.name !== undefined && { name: flags.name }),
  });
  await hand(context, ref, await whole(context, backend, ref, issued), flags);
}

/** Fetches one that was issued before. */
export async function fetch(
  context: Context,
  [name = '', of = '']: readonly string[],
  flags: IssueFlags,
): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const backend = await context.backend();
  const found = await backend.getKubeconfig(ref, of);
  await hand(context, ref, await whole(context, backend, ref, found), flags);
}

export async function list(context: Context, [name = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const items = await (await context.backend()).listKubeconfigs(ref);
  if (items.length === 0 && isForPeople(context.format))
    context.terminal.err(`No kubeconfigs were issued for control plane ${name}.`);
  context.terminal.out(renderList(items, kubeconfigs, context.format));
}

export async function revoke(context: Context, [name = '', of = '']: readonly string[]): Promise<void> {
  const ref = { namespace: await context.namespace(), name };
  const revoked = await (await context.backend()).revokeKubeconfig(ref, of);
  tell(context, revoked, kubeconfigs, `revoked. ${revoked.remaining}`);
}

/** Waits until the file is there: a control plane that is being born issues nothing yet. */
async function whole(
  { terminal, monotonicMs, wait, timeoutMs, signal }: Context,
  backend: Backend,
  ref: Ref,
  issued: Schemas['KubeconfigFile'],
): Promise<Schemas['KubeconfigFile']> {
  const started = monotonicMs();
  let last = issued;
  while (last.kubeconfig === undefined || !last.isReady) {
    if (monotonicMs() - started > timeoutMs)
      throw new CliError(
        'timeout',
        `Kubeconfig ${last.name} is asked for and not issued yet: ${last.message ?? ''}`,
        {
          advice: `Fetch it later with \`marina kubeconfig fetch ${ref.name} ${last.name}\`.`,
        },
      );
    terminal.progress(`kubeconfig/${last.name}: ${last.message ?? 'is being issued'}`);
    await wait(pollMs, signal);
    last = await backend.getKubeconfig(ref, last.name);
  }
  return last;
}

async function hand(
  context: Context,
  { namespace, name }: Ref,
  { kubeconfig: file = '', ...issued }: Schemas['KubeconfigFile'],
  flags: IssueFlags,
): Promise<void> {
  const { terminal, environment, format } = context;
  if (flags.output === '-') return terminal.out(file.trimEnd());
  if (flags.output !== undefined) {
    await writePrivately(flags.output, file);
    return tell(context, issued, kubeconfigs, `issued until ${issued.validUntil}, in ${flags.output}`);
  }
  const target = userKubeconfig(environment);
  const entry = flags.as ?? `${namespace}/${name}`;
  const options = { name: entry, force: flags.force === true, use: flags.use === true };
  await changeFile(target, (text) => mergeKubeconfig(text, parse(file) as Kubeconfig, options));
  tell(context, issued, kubeconfigs, `issued until ${issued.validUntil}, as context ${entry} in ${target}`);
  if (isForPeople(format) && !options.use) terminal.err(`Use it with: kubectl --context ${entry} get nodes`);
}
