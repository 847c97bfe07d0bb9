import { choice, option, repeatable } from './options.ts';
import type { CommandSpec } from './spec.ts';

const tokens = () => import('../actions/tokens.ts');
const kubeconfigs = () => import('../actions/kubeconfigs.ts');

const tokenOptions = () => [
  option('--lifetime <duration>', 'until it ends; left out: 1d'),
  option('--description <text>', 'for people'),
  repeatable('--group <group>', 'group of who signs in with it, system:bootstrappers:...'),
];

const join: CommandSpec = {
  usage: 'join <name>',
  summary: 'Print the line that a machine joins with, with a new token',
  examples: [
    ['marina join blue', 'the line for kubeadm, to be run as root'],
    ['ssh root@machine "$(marina join blue --lifetime 10m)"', 'at once'],
    ['marina join blue --cloud-init > user-data', 'as user data for cloud-init'],
  ],
  options: [...tokenOptions(), option('--cloud-init', 'user data for cloud-init')],
  load: async () => (await tokens()).join,
};

const token: CommandSpec = {
  usage: 'token',
  summary: 'Tokens with which machines join',
  examples: [['marina token list blue', 'those there are']],
  commands: [
    {
      usage: 'create <control-plane>',
      summary: 'Make a token; it is told this once',
      examples: [['marina token create blue --lifetime 30m --description "rack 7"', 'one for half an hour']],
      options: [
        ...tokenOptions(),
        choice('--usage <usage...>', 'what it is good for; left out: both, as joining needs', [
          'authentication',
          'signing',
        ]),
      ],
      load: async () => (await tokens()).create,
    },
    {
      usage: 'list <control-plane>',
      aliases: ['ls'],
      summary: 'List tokens, without their secrets',
      examples: [['marina token list blue', 'with their ends']],
      load: async () => (await tokens()).list,
    },
    {
      usage: 'revoke <control-plane> <id>',
      summary: 'Take a token back; machines that have joined stay',
      examples: [['marina token revoke blue abcdef', 'by its first six characters']],
      load: async () => (await tokens()).revoke,
    },
  ],
};

const destination = () => [
  option('--output <file>', 'write a file of its own instead; - is the standard output'),
  option('--as <name>', 'name of cluster, user and context; left out: <namespace>/<control plane>'),
  option('--use', 'make it the current context'),
  option('--force', 'replace entries of that name that Marina did not write'),
];

const kubeconfig: CommandSpec = {
  usage: 'kubeconfig',
  summary: 'Ways into a control plane',
  examples: [['marina kubeconfig issue blue --cluster-role view', 'one for reading, merged into yours']],
  commands: [
    {
      usage: 'issue <control-plane>',
      summary: 'Issue a kubeconfig and merge it into yours',
      description:
        'Yours is the first file of KUBECONFIG, or ~/.kube/config. Everything else in it stays as it is.',
      examples: [
        ['marina kubeconfig issue blue --cluster-role cluster-admin --lifetime 8h --use', 'for a day’s work'],
        [
          'marina kubeconfig issue blue --user ci --cluster-role edit --in-namespace apps --output ci.kubeconfig',
          'for a pipeline',
        ],
      ],
      options: [
        option('--user <name>', 'user inside the control plane; left out: your name on this machine'),
        repeatable('--group <group>', 'group inside the control plane'),
        option('--cluster-role <role>', 'ClusterRole that is bound as long as it is valid'),
        repeatable('--in-namespace <namespace>', 'bind it in this namespace only'),
        option('--lifetime <duration>', 'until it ends; left out: 1d'),
        option('--renew', 'renew the certificate again and again'),
        option('--name <name>', 'its own name; left out: one is made'),
        ...destination(),
      ],
      load: async () => (await kubeconfigs()).issue,
    },
    {
      usage: 'fetch <control-plane> <name>',
      summary: 'Merge one that was issued before',
      examples: [['marina kubeconfig fetch blue blue-x1y2z3', 'after it was renewed']],
      options: destination(),
      load: async () => (await kubeconfigs()).fetch,
    },
    {
      usage: 'list <control-plane>',
      aliases: ['ls'],
      summary: 'List those that were issued',
      examples: [['marina kubeconfig list blue', 'with their ends']],
      load: async () => (await kubeconfigs()).list,
    },
    {
      usage: 'revoke <control-plane> <name>',
      summary: 'Take one back, as far as Kubernetes can',
      description: 'Its role is unbound. A certificate cannot be taken back: what remains is told.',
      examples: [['marina kubeconfig revoke blue blue-x1y2z3', '']],
      load: async () => (await kubeconfigs()).revoke,
    },
  ],
};

export const accessCommands: readonly CommandSpec[] = [join, token, kubeconfig];
