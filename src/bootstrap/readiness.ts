import type { CallOptions, KubeClient } from '../kube/client.ts';
import { configMaps, secrets, type ConfigMap, type Secret } from '../kube/resources.ts';
import { CLUSTER_INFO, clusterInfoKubeconfig } from './cluster-info.ts';
import type { Endpoint } from './endpoint.ts';
import { BOOTSTRAP_TOKEN_TYPE } from './join-token.ts';
import { detachedSignature, signingToken } from './signing-token.ts';

export type Joinable =
  | { readonly joinable: true }
  | {
      readonly joinable: false;
      readonly reason: 'ClusterInfoMissing' | 'ClusterInfoOutdated' | 'TokenNotSigned';
      readonly message: string;
    };

export interface JoinableQuestion {
  readonly now: Date;
  readonly endpoint: Endpoint;
  /** PEM. */
  readonly certificateAuthority: string;
}

/** Tokens read at most: a tenant can make any number of them. */
const TOKENS = 100;

/** Whether the discovery by which `kubeadm join` starts would succeed now, for every token that is good now. */
export async function checkJoinable(
  client: Pick<KubeClient, 'get' | 'list'>,
  question: JoinableQuestion,
  options: CallOptions = {},
): Promise<Joinable> {
  const fieldSelector = `type=${BOOTSTRAP_TOKEN_TYPE}`;
  const [clusterInfo, tokens] = await Promise.all([
    client.get(configMaps, CLUSTER_INFO, options),
    client.list(secrets, { ...options, namespace: 'kube-system', fieldSelector, limit: TOKENS }),
  ]);
  return evaluateJoinable(clusterInfo, tokens.items, question);
}

export function evaluateJoinable(
  clusterInfo: ConfigMap | undefined,
  tokens: readonly Secret[],
  question: JoinableQuestion,
): Joinable {
  const { now, endpoint, certificateAuthority } = question;
  const kubeconfig = clusterInfo?.data?.['kubeconfig'];
  if (!kubeconfig) return no('ClusterInfoMissing', 'ConfigMap kube-public/cluster-info has no kubeconfig');
  if (kubeconfig !== clusterInfoKubeconfig(endpoint, certificateAuthority)) {
    return no(
      'ClusterInfoOutdated',
      'ConfigMap kube-public/cluster-info does not hold the current endpoint and certificate authority',
    );
  }
  const unsigned = tokens
    .map((secret) => signingToken(secret, now))
    .filter((token) => token !== undefined)
    // A signature over an earlier kubeconfig is refused just like none.
    .filter(
      (token) => clusterInfo.data?.[`jws-kubeconfig-${token.id}`] !== detachedSignature(kubeconfig, token),
    )
    .map((token) => token.id);
  if (unsigned.length > 0) {
    return no('TokenNotSigned', `cluster-info is not yet signed for the tokens ${listed(unsigned)}`);
  }
  return { joinable: true };
}

function no(reason: Exclude<Joinable, { joinable: true }>['reason'], message: string): Joinable {
  return { joinable: false, reason, message };
}

/** A condition's message has its limits. */
function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, 5).join(', ');
  return ids.length > 5 ? `${shown} and ${ids.length - 5} more` : shown;
}
