import type { Schemas } from '../../client/client.ts';
import { CliError } from '../failure.ts';
import { readAssignment, setAt } from './path.ts';

export interface ControlPlaneFlags {
  readonly version?: string;
  readonly class?: string;
  readonly size?: string;
  readonly dataStore?: string;
  readonly replicas?: string;
  readonly serviceType?: string;
  readonly label?: readonly string[];
  readonly set?: readonly string[];
}

export type NewControlPlane = Schemas['NewControlPlane'];

interface Given {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly spec?: object;
}

/**
 * What is asked for by a file and by flags, which come before it. The file is a TenantControlPlane as kubectl takes it, or what REST takes.
 * @throws CliError `usage`
 */
export function readControlPlane(
  name: string | undefined,
  file: unknown,
  flags: ControlPlaneFlags,
): { readonly wish: NewControlPlane; readonly namespace: string | undefined } {
  const given = file === undefined ? {} : readFile(file);
  if (name !== undefined && given.name !== undefined && name !== given.name)
    throw new CliError('usage', `The file is about ${given.name}, the command about ${name}.`);
  const chosen = name ?? given.name;
  if (chosen === undefined)
    throw new CliError('usage', 'It has no name.', {
      advice: 'Write `marina create <name>`, or name it in the file.',
    });
  const spec: Record<string, unknown> = structuredClone({ ...given.spec });
  for (const [path, value] of valuesOf(flags)) setAt(spec, path, value);
  for (const text of flags.set ?? []) {
    const { path, value } = readAssignment(text);
    setAt(spec, path, value);
  }
  const labels = { ...given.labels, ...readLabels(flags.label ?? []) };
  return {
    namespace: given.namespace,
    wish: {
      name: chosen,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(given.annotations && { annotations: given.annotations }),
      // What it may say is the server's to judge.
      spec,
    },
  };
}

function valuesOf(flags: ControlPlaneFlags): readonly (readonly [readonly string[], unknown])[] {
  const all: readonly (readonly [readonly string[], unknown])[] = [
    [['kubernetes', 'version'], flags.version && withV(flags.version)],
    [['className'], flags.class],
    [['size'], flags.size],
    [['dataStore'], flags.dataStore],
    [
      ['controlPlane', 'deployment', 'replicas'],
      flags.replicas === undefined ? undefined : count(flags.replicas),
    ],
    [['controlPlane', 'service', 'serviceType'], flags.serviceType],
  ];
  return all.filter(([, value]) => value !== undefined);
}

function withV(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}

function count(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  throw new CliError('usage', `--replicas has to be a number, and is ${text}.`);
}

function readLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new CliError('usage', `--label has to be key=value, and is ${text}.`);
    }),
  );
}

function readFile(file: unknown): Given {
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new CliError('usage', 'The file holds no control plane.');
  const members = file as Readonly<Record<string, unknown>>;
  if (members['kind'] === undefined) {
    refuseOthers(members, ['name', 'labels', 'annotations', 'spec']);
    return members;
  }
  if (members['kind'] !== 'TenantControlPlane')
    throw new CliError(
      'usage',
      `The file holds a ${JSON.stringify(members['kind'])} and no TenantControlPlane.`,
    );
  refuseOthers(members, ['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  const { name, namespace, labels, annotations } = (members['metadata'] ?? {}) as Given;
  return {
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(members['spec'] !== undefined && { spec: members['spec'] as object }),
  };
}

function refuseOthers(members: object, known: readonly string[]): void {
  const other = Object.keys(members).find((member) => !known.includes(member));
  if (other !== undefined)
    throw new CliError('usage', `The file has \`${other}\`, which is not known.`, {
      advice: 'It has to be a TenantControlPlane, or { name, labels, annotations, spec }.',
    });
}
