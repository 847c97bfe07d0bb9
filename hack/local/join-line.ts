import { existsSync } from 'node:fs';
import { ensureBinaries } from '../toolchain/binaries.ts';
import type { Checkout } from './checkout.ts';
import { LocalError } from './errors.ts';
import type { Shell } from './shell.ts';
import { tenantKubeconfig } from './tenant.ts';

export interface JoinLineOptions {
  /** As kubeadm reads it: `24h`, `0` for a token that never ends. */
  readonly timeToLive: string;
}

/**
 * Makes a join token in the tenant and returns the one line that a machine of the tenant has to run:
 * `kubeadm join <endpoint> --token ... --discovery-token-ca-cert-hash sha256:...`. kubeadm itself makes both.
 * @throws LocalError Missing when there is no kubeconfig of that tenant
 */
export async function createJoinLine(
  shell: Shell,
  checkout: Checkout,
  tenant: string,
  options: JoinLineOptions = { timeToLive: '24h' },
): Promise<string> {
  const kubeconfig = tenantKubeconfig(checkout, tenant);
  if (!existsSync(kubeconfig)) {
    throw new LocalError({
      code: 'Missing',
      operation: `read the kubeconfig of tenant ${tenant}`,
      message: `${kubeconfig} is not there`,
      remedy: 'npm run up -- tenant',
    });
  }
  const { kubeadm } = await ensureBinaries(['kubeadm'], shell.progress);
  const args = ['token', 'create', '--print-join-command', '--ttl', options.timeToLive];
  const output = await shell.run(kubeadm, [...args, '--kubeconfig', kubeconfig], { secret: true });
  return output.trim();
}
