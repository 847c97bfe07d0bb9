import { choice, option, repeatable } from './options.ts';
import type { CommandSpec } from './spec.ts';

const load = () => import('../actions/control-planes.ts');
const inspection = () => import('../actions/inspection.ts');

const create: CommandSpec = {
  usage: 'create [name]',
  summary: 'Make a control plane',
  description:
    'Flags come before the file, which is a TenantControlPlane, or { name, labels, annotations, spec }.',
  examples: [
    ['marina create blue --version 1.36.3 --wait', 'make one and wait until machines can join it'],
    ['marina create blue --class standard --size small', 'as a class offers it'],
    [
      'marina create blue -f blue.yaml --set networkProfile.podCidrs=[10.244.0.0/16]',
      'from a file, with one field changed',
    ],
    ['cat blue.yaml | marina create -f - --dry-run', 'have it checked only'],
  ],
  options: [
    option('--version <version>', 'Kubernetes version, e.g. v1.36.3'),
    option('--class <class>', 'ControlPlaneClass'),
    option('--size <size>', 'size of its class'),
    option('--data-store <name>', 'DataStore that keeps its state'),
    option('--replicas <count>', 'pods of the control plane'),
    choice('--service-type <type>', 'how the API server is published', [
      'ClusterIP',
      'NodePort',
      'LoadBalancer',
    ]),
    repeatable('--label <key=value>', 'label'),
    repeatable('--set <path=value>', 'field below spec, with a value in YAML'),
    option('-f, --file <file>', 'YAML or JSON; - is the standard input'),
    option('--dry-run', 'check everything, make nothing'),
    option('--wait', 'wait until it is Ready'),
  ],
  load: async () => (await load()).create,
};

const list: CommandSpec = {
  usage: 'list',
  aliases: ['ls'],
  summary: 'List control planes',
  examples: [
    ['marina list', 'those of the namespace'],
    ['marina list -A -o wide', 'those of all namespaces, with more columns'],
    ['marina list -l env=prod -o json', 'those with a label, for a program'],
  ],
  options: [
    option('-A, --all-namespaces', 'of all namespaces'),
    option('-l, --selector <selector>', 'by labels, e.g. env=prod,team!=a'),
  ],
  load: async () => (await load()).list,
};

const get: CommandSpec = {
  usage: 'get <name>',
  summary: 'Show a control plane and how it is',
  examples: [
    ['marina get blue', 'with its conditions'],
    ['marina get blue -o yaml', 'all that is known of it'],
  ],
  load: async () => (await load()).get,
};

const remove: CommandSpec = {
  usage: 'delete <name...>',
  summary: 'Delete control planes and all that is in them',
  examples: [
    ['marina delete blue', 'ask for it'],
    ['marina delete blue green --wait --timeout 5m', 'and wait until both are gone'],
  ],
  options: [option('--wait', 'wait until it is gone')],
  load: async () => (await load()).remove,
};

const logs: CommandSpec = {
  usage: 'logs <name>',
  summary: 'Show what a program of a control plane has written last',
  examples: [
    ['marina logs blue', 'of the API server'],
    ['marina logs blue -c kube-scheduler --tail 50', 'the last 50 lines of another'],
  ],
  options: [
    choice('-c, --component <program>', 'which program', [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kine',
    ]).default('kube-apiserver'),
    option('--tail <lines>', 'lines of each pod').default('200'),
  ],
  load: async () => (await inspection()).logs,
};

const events: CommandSpec = {
  usage: 'events <name>',
  summary: 'List the events of a control plane, the latest first',
  examples: [['marina events blue', 'what happened in the last hour']],
  load: async () => (await inspection()).events,
};

const usage: CommandSpec = {
  usage: 'usage [name]',
  summary: 'Report what control planes have used',
  examples: [
    ['marina usage', 'those of the namespace, this month'],
    ['marina usage blue --granularity day', 'one, day by day'],
    ['marina usage -A --from 2026-10-01T00:00:00Z --to 2026-11-01T00:00:00Z -o json', 'all, in October'],
  ],
  options: [
    option('-A, --all-namespaces', 'of all namespaces'),
    option('--from <time>', 'where it begins, RFC 3339; left out: the first of this month'),
    option('--to <time>', 'where it ends'),
    choice('--granularity <unit>', 'one line an hour, a day or for all of the time', [
      'hour',
      'day',
      'total',
    ]).default('total'),
  ],
  load: async () => (await inspection()).usage,
};

const doctor: CommandSpec = {
  usage: 'doctor [name]',
  summary: 'Check step by step what works, and say what to do',
  description:
    'From the network up: server, TLS, clock, sign-in, rights, and the conditions of each control plane. Changes nothing.',
  examples: [
    ['marina doctor', 'the way there, and all control planes of the namespace'],
    ['marina doctor blue', 'one of them'],
  ],
  load: async () => (await inspection()).doctor,
};

export const controlPlaneCommands: readonly CommandSpec[] = [create, list, get, remove];
export const inspectionCommands: readonly CommandSpec[] = [logs, events, usage, doctor];
