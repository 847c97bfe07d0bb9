import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { ensureBinaries } from '../../hack/toolchain/binaries.ts';
import { hostAndPort } from '../../src/bootstrap/endpoint.ts';
import type { BootstrapInput } from '../../src/bootstrap/input.ts';
import type { JoinToken } from '../../src/bootstrap/join-token.ts';
import { createTemporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

export interface KubeadmInit {
  /** What the tenant is to be; JSON patches are left out, kubeadm has none. */
  readonly input: BootstrapInput;
  /** Good for 24 hours from now. */
  readonly token?: Omit<JoinToken, 'expiresAt'>;
  readonly kubeconfigPath?: string;
}

/** Runs phases of the real `kubeadm init` with the configuration that says the same as the input; returns what it prints. */
export async function kubeadmInit(init: KubeadmInit, phases: readonly string[]): Promise<readonly string[]> {
  const { kubeadm } = await ensureBinaries(['kubeadm']);
  await using directory = await createTemporaryDirectory('kubeadm');
  const config = path.join(directory.path, 'config.yaml');
  await writeFile(config, initConfiguration(init) + '---\n' + clusterConfiguration(init.input));
  const kubeconfig = init.kubeconfigPath ? ['--kubeconfig', init.kubeconfigPath] : [];
  const printed: string[] = [];
  for (const phase of phases) {
    const args = ['init', 'phase', ...phase.split(' '), '--config', config, ...kubeconfig];
    printed.push((await run(kubeadm, args)).stdout);
  }
  return printed;
}

function initConfiguration({ input, token }: KubeadmInit): string {
  return stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'InitConfiguration',
    localAPIEndpoint: { advertiseAddress: input.endpointAddresses[0], bindPort: input.endpoint.port },
    nodeRegistration: { name: 'node', criSocket: 'unix:///run/containerd/containerd.sock' },
    bootstrapTokens: token && [
      { token: `${token.tokenId}.${token.tokenSecret}`, description: token.description },
    ],
  });
}

function clusterConfiguration(input: BootstrapInput): string {
  const { imageRepository, imageTag } = input.addons.coreDNS ?? {};
  return stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    kubernetesVersion: `v${input.version}`,
    clusterName: input.clusterName,
    controlPlaneEndpoint: hostAndPort(input.endpoint),
    imageRepository: input.imageRepository,
    networking: {
      serviceSubnet: input.serviceCidrs.join(','),
      podSubnet: input.podCidrs.join(','),
      dnsDomain: input.clusterDomain,
    },
    dns: { imageRepository, imageTag },
  });
}
