import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { CliError } from '../failure.ts';

/** Of a kubeconfig (client-go tools/clientcmd/api/v1). */
const lists = ['clusters', 'users', 'contexts'] as const;

/** Says which entries are Marina's to replace. */
const extensionName = 'marina.dev';

interface Entry {
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface Kubeconfig {
  readonly clusters: readonly (Entry & { readonly cluster: object })[];
  readonly users: readonly (Entry & { readonly user: object })[];
  readonly contexts: readonly (Entry & {
    readonly context: { readonly cluster: string; readonly user: string };
  })[];
  readonly 'current-context'?: string;
}

export interface MergeOptions {
  /** Of the entries that are put in. */
  readonly name: string;
  /** Replaces entries of this name that Marina did not write. */
  readonly force: boolean;
  /** Whether the context becomes the current one. */
  readonly use: boolean;
}

/**
 * The user's kubeconfig with the one cluster, user and context of an issued one under `name`; everything else stays, comments too.
 * `existing` is empty for a file that is not there. @throws CliError `conflict` for entries of others, `failed` for no kubeconfig
 */
export function mergeKubeconfig(
  existing: string,
  issued: Kubeconfig,
  { name, force, use }: MergeOptions,
): string {
  const document = read(existing);
  const [cluster] = issued.clusters;
  const [user] = issued.users;
  if (!cluster || !user)
    throw new CliError('failed', 'The server issued a kubeconfig without a cluster or a user.');
  const marked = {
    extensions: [
      { name: extensionName, extension: { apiVersion: 'marina.dev/v1', kind: 'KubeconfigEntry' } },
    ],
  };
  const entries = {
    clusters: { name, cluster: { ...cluster.cluster, ...marked } },
    users: { name, user: user.user },
    contexts: { name, context: { cluster: name, user: name, ...marked } },
  };
  if (!force) refuseOthers(document, name);
  for (const list of lists) put(document, list, entries[list]);
  if (use || !document.get('current-context')) document.set('current-context', name);
  return document.toString({ lineWidth: 0 });
}

function read(text: string): Document {
  const empty = { apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] };
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new CliError('failed', `Your kubeconfig is no YAML: ${document.errors[0]?.message ?? ''}`, {
      advice: 'Mend it, or write to another file with --output.',
    });
  if (document.contents === null)
    return parseDocument(JSON.stringify(empty), { sortMapEntries: false }).clone();
  if (!isMap(document.contents)) throw new CliError('failed', 'Your kubeconfig is no kubeconfig.');
  return document;
}

/** A user has no extensions: it is Marina's where the cluster of its name is. */
function refuseOthers(document: Document, name: string): void {
  const isOurs = find(document, 'clusters', name)?.toJSON() as
    { readonly cluster?: { readonly extensions?: readonly { readonly name?: string }[] } } | undefined;
  if (isOurs?.cluster?.extensions?.some((extension) => extension.name === extensionName)) return;
  const taken = lists.filter((list) => find(document, list, name));
  if (taken.length === 0) return;
  throw new CliError(
    'conflict',
    `Your kubeconfig has ${taken.join(', ')} named ${name} that Marina did not write.`,
    {
      advice: 'Take another name with --as, or replace them with --force.',
    },
  );
}

function put(document: Document, list: (typeof lists)[number], entry: Entry): void {
  const sequence = sequenceOf(document, list);
  const node = document.createNode(entry);
  const at = sequence.items.findIndex((item) => isMap(item) && item.get('name') === entry.name);
  if (at < 0) sequence.add(node);
  else sequence.set(at, node);
  sequence.flow = false;
}

function sequenceOf(document: Document, list: string): YAMLSeq {
  const found = document.get(list);
  if (isSeq(found)) return found;
  const made = document.createNode([]) as YAMLSeq;
  document.set(list, made);
  return made;
}

function find(document: Document, list: string, name: string): YAMLMap | undefined {
  const sequence = document.get(list);
  if (!isSeq(sequence)) return undefined;
  return sequence.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === name);
}
