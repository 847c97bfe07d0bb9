import type { Image } from '../toolchain/images.ts';
import type { Context } from './context.ts';
import { LocalError } from './errors.ts';
import { loadImages } from './images.ts';
import { waitForCondition } from './kubectl.ts';
import type { Kubectl } from './kubectl.ts';
import { until } from './wait.ts';
import { workerContainer } from './worker.ts';

const pod = 'marina-verify';
const target = ['--namespace', 'default', `pod/${pod}`];
const apiServerName = 'kubernetes.default.svc.cluster.local';

/**
 * Proof that a tenant's cluster works: a pod on the worker finds the tenant's API server by its Service name (CoreDNS, kube-proxy) and
 * is known there by its ServiceAccount token; its log is read and a command run in it through the kubelet.
 */
export async function verifyWorker(
  context: Context,
  worker: string,
  tenant: Kubectl,
  tools: Image,
): Promise<void> {
  const { shell, checkout } = context;
  await loadImages(context, workerContainer(checkout, worker), [tools]);
  await tenant.run([
    '--namespace',
    'kube-system',
    'rollout',
    'status',
    'deployment/coredns',
    '--timeout=120s',
  ]);
  await serviceAccountReady(tenant);
  await tenant.run(['delete', ...target, '--ignore-not-found', '--wait', '--now']);
  try {
    await tenant.apply([renderPod(worker, tools.reference)]);
    shell.progress(`a pod on ${worker} calls https://${apiServerName}`);
    await waitForCondition(tenant, target, 'Ready', 90).catch(async (cause: unknown) => {
      const { stdout } = await tenant.probe(['logs', '--namespace', 'default', pod]);
      throw new LocalError({
        code: 'TimedOut',
        operation: `call https://${apiServerName} from a pod on ${worker}`,
        message: stdout.trim().split('\n').slice(-5).join('\n') || 'the pod did not start',
        cause,
      });
    });
    const log = await tenant.run(['logs', '--namespace', 'default', pod]);
    const user = await tenant.run(['exec', '--namespace', 'default', pod, '--', 'cat', '/tmp/whoami']);
    if (!log.includes('resolved') || user.trim() !== 'system:serviceaccount:default:default') {
      throw new LocalError({
        code: 'CommandFailed',
        operation: `read what the pod on ${worker} found`,
        message: `log: ${log.trim()}\nuser: ${user.trim()}`,
      });
    }
    shell.progress(`${log.trim().split('\n').at(-1)}; logs and exec through the kubelet work`);
  } finally {
    await tenant.probe(['delete', ...target, '--ignore-not-found', '--wait=false', '--now']);
  }
}

/** The controller manager makes it a moment after the cluster is born; pods before it are refused. */
async function serviceAccountReady(tenant: Kubectl): Promise<void> {
  await until('find ServiceAccount default of the tenant', 60, async () => {
    const account = await tenant.get(['--namespace', 'default', 'serviceaccount', 'default']);
    return account ? { value: account } : undefined;
  });
}

/** Ready when name, route, certificate and token have worked; it tries until then. */
export function renderPod(worker: string, image: string): object {
  const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';
  const script = `
until nslookup ${apiServerName} >/tmp/lookup 2>&1; do echo "no answer from DNS: $(tail -1 /tmp/lookup)"; sleep 0.5; done
address=$(awk '/^Address/ { found = $NF } END { print found }' /tmp/lookup)
until kubectl --server=https://${apiServerName} --certificate-authority=${mounted}/ca.crt --token="$(cat ${mounted}/token)" \\
  auth whoami --output='jsonpath={.status.userInfo.username}' >/tmp/whoami; do sleep 0.5; done
echo "${apiServerName} resolved to $address, known there as $(cat /tmp/whoami)"
touch /tmp/done
sleep 3600
`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod, namespace: 'default' },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': worker },
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'verify',
          image,
          imagePullPolicy: 'Never',
          command: ['/bin/sh', '-c', script],
          env: [{ name: 'HOME', value: '/tmp' }],
          readinessProbe: { exec: { command: ['test', '-f', '/tmp/done'] }, periodSeconds: 1 },
        },
      ],
    },
  };
}
