import { createHash, randomInt, X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import { tenantControlPlanes } from '../../api/v1alpha1/tenant-control-plane.ts';
import {
  BOOTSTRAP_TOKEN_TYPE,
  buildJoinToken,
  drawJoinToken,
  joinTokenRef,
  joinTokenUsages,
  readJoinToken,
} from '../../bootstrap/join-token.ts';
import { ApiError } from '../../client/api-error.ts';
import type { Schemas } from '../../client/client.ts';
import type { KubeClient } from '../../kube/client.ts';
import { isKubeError } from '../../kube/errors.ts';
import { connect } from '../../kube/kubeconfig.ts';
import { secrets } from '../../kube/resources.ts';
import { decodeData } from '../../kube/secret-data.ts';
import { showCreatedJoinToken, showJoinToken } from '../../rest/join-tokens/representation.ts';
import type { Ref } from '../backend.ts';
import { asApiError, notFound } from './errors.ts';
import { answered } from './objects.ts';

const namespace = 'kube-system';
const day = 86_400;

/** kubeadm's tokens inside a tenant, by the admin kubeconfig that its owner may read. Rejects with an `ApiError`. */
export class JoinTokens {
  private readonly management: KubeClient;

  constructor(management: KubeClient) {
    this.management = management;
  }

  async list(ref: Ref): Promise<readonly Schemas['JoinToken'][]> {
    return await this.within(ref, async (client) => {
      const { items } = await client.list(secrets, {
        namespace,
        fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}`,
      });
      return items.flatMap((secret) => {
        const token = readJoinToken(secret);
        return token ? [showJoinToken(token)] : [];
      });
    });
  }

  async create(ref: Ref, wish: Schemas['NewJoinToken'], now: Date): Promise<Schemas['CreatedJoinToken']> {
    const { lifetimeSeconds = day, usages = joinTokenUsages, groups, description } = wish;
    return await this.within(ref, async (client, kubeconfig) => {
      const token = {
        ...drawJoinToken((below) => randomInt(below)),
        expiresAt: new Date(now.getTime() + lifetimeSeconds * 1_000),
        usages,
        ...(groups && { groups }),
        ...(description !== undefined && { description }),
      };
      await client.create(secrets, buildJoinToken(token));
      return showCreatedJoinToken(token, joinOf(kubeconfig));
    });
  }

  async revoke(ref: Ref, id: string): Promise<void> {
    await this.within(ref, async (client) => {
      const secret = joinTokenRef(id);
      const found = await client.get(secrets, secret);
      if (!found || !readJoinToken(found))
        throw notFound(`Control plane ${ref.name} has no join token ${id}.`);
      const { uid } = found.metadata ?? {};
      await client.delete(secrets, secret, { ...(uid !== undefined && { uid }) });
    });
  }

  private async within<T>(ref: Ref, use: (client: KubeClient, kubeconfig: string) => Promise<T>): Promise<T> {
    const kubeconfig = await this.adminKubeconfig(ref);
    const client = await connect({ kubeconfig });
    try {
      return await use(client, kubeconfig);
    } catch (error: unknown) {
      if (!isKubeError(error, 'Unreachable', 'Timeout')) throw asApiError(error);
      throw new ApiError({
        code: 'Unavailable',
        operation: error.operation,
        message: `The API server of control plane ${ref.name} cannot be reached from here: ${error.message}.`,
        cause: error,
      });
    } finally {
      await client.close();
    }
  }

  private async adminKubeconfig(ref: Ref): Promise<string> {
    const tenant = await answered(this.management.get(tenantControlPlanes, ref));
    if (!tenant) throw notFound(`There is no control plane ${ref.name} in namespace ${ref.namespace}.`);
    const { name, key } = tenant.status?.adminKubeconfig ?? {};
    const secret =
      name === undefined
        ? undefined
        : await answered(this.management.get(secrets, { namespace: ref.namespace, name }));
    const kubeconfig = decodeData(secret)[key ?? ''];
    if (kubeconfig !== undefined) return kubeconfig;
    const message = `Control plane ${ref.name} is not there yet: wait until it is Ready.`;
    throw new ApiError({ code: 'Conflict', operation: 'get Secret', message });
  }
}

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
}

function joinOf(kubeconfig: string) {
  const { clusters } = parse(kubeconfig) as Kubeconfig;
  const { server = '', 'certificate-authority-data': ca = '' } = clusters[0]?.cluster ?? {};
  const caHash = publicKeyHash(Buffer.from(ca, 'base64'));
  return { address: server.replace(/^https:\/\//, ''), caHash };
}

/** As kubeadm pins it: SHA-256 over the SubjectPublicKeyInfo (kubeadm app/util/pubkeypin). */
function publicKeyHash(certificate: Buffer): string {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('hex');
}
