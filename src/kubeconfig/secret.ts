import { fieldManager } from '../api/v1alpha1/field-managers.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import type { KubeClient } from '../kube/client.ts';
import { isKubeError } from '../kube/errors.ts';
import { keyOf } from '../kube/resource.ts';
import { type Secret, secrets } from '../kube/resources.ts';
import { decodeData } from '../kube/secret-data.ts';
import { done, failed, type StepResult } from '../controlplane/component.ts';
import { labels as tenantLabels } from '../controlplane/names.ts';
import { buildSecret } from './build.ts';
import { kubeconfigKey, kubeconfigLabels, labels, secretNameOf } from './names.ts';

/** What is at the place of a kubeconfig’s Secret. */
export type Found =
  | { readonly state: 'Nothing' }
  | { readonly state: 'Foreign'; readonly message: string }
  | { readonly state: 'Ours'; readonly secret: Secret };

/**
 * Looks at a kubeconfig’s Secret. Marina may not read Secrets in users’ namespaces, but is answered with what it changes: a patch that says
 * nothing, and is not carried out, shows those that the admission policy takes for Marina’s (manifests/rbac/secret-policy.yaml).
 */
export async function findSecret(client: KubeClient, kubeconfig: TenantKubeconfig): Promise<Found> {
  const ref = refOfSecret(kubeconfig);
  try {
    const secret = await client.patch(secrets, ref, { type: 'merge', body: {} }, { dryRun: true });
    if (isOf(kubeconfig, secret)) return { state: 'Ours', secret };
    return { state: 'Foreign', message: `Secret ${keyOf(ref)} belongs to something else.` };
  } catch (error: unknown) {
    if (isKubeError(error, 'NotFound')) return { state: 'Nothing' };
    if (isKubeError(error, 'Forbidden', 'Invalid')) return { state: 'Foreign', message: error.message };
    throw error;
  }
}

/** The kubeconfig in a Secret that was found. */
export function fileIn(found: Found): string | undefined {
  return found.state === 'Ours' ? decodeData(found.secret)[kubeconfigKey] : undefined;
}

/** Makes the Secret, or changes the one that was found; nobody else’s, and none that changed since. */
export async function writeSecret(
  client: KubeClient,
  kubeconfig: TenantKubeconfig,
  { found, file }: { readonly found: Found; readonly file: string },
): Promise<StepResult> {
  if (found.state === 'Foreign') return notWritten(kubeconfig, found.message);
  const secret = buildSecret(kubeconfig, file);
  try {
    if (found.state === 'Nothing') {
      await client.create(secrets, secret, { fieldManager });
    } else {
      const { uid, resourceVersion } = found.secret.metadata ?? {};
      const { labels: wanted, ownerReferences } = secret.metadata ?? {};
      const metadata = { uid, resourceVersion, labels: wanted, ownerReferences };
      const body = { metadata, data: secret.data };
      await client.patch(secrets, refOfSecret(kubeconfig), { type: 'merge', body }, { fieldManager });
    }
    return done(undefined);
  } catch (error: unknown) {
    if (isKubeError(error, 'Forbidden', 'Invalid')) return notWritten(kubeconfig, error.message);
    throw error;
  }
}

/** Deletes the kubeconfig’s own Secret; another one of its name stays. */
export async function removeSecret(client: KubeClient, kubeconfig: TenantKubeconfig): Promise<void> {
  const found = await findSecret(client, kubeconfig);
  if (found.state !== 'Ours') return;
  const { uid, resourceVersion } = found.secret.metadata ?? {};
  await client.delete(secrets, refOfSecret(kubeconfig), { uid, resourceVersion });
}

export function notWritten(kubeconfig: TenantKubeconfig, message: string) {
  const name = keyOf(refOfSecret(kubeconfig));
  return failed(
    'KubeconfigNotWritten',
    `Secret ${name} cannot be written; if it is not this kubeconfig’s, take another spec.secretName: ${message}`,
  );
}

/** The id alone stays on one that was made into the admin kubeconfig of a control plane. */
function isOf(kubeconfig: TenantKubeconfig, { metadata }: Secret): boolean {
  const identity = kubeconfigLabels(kubeconfig);
  return [labels.id, tenantLabels.component].every((key) => metadata?.labels?.[key] === identity[key]);
}

function refOfSecret(kubeconfig: TenantKubeconfig) {
  return { namespace: kubeconfig.metadata?.namespace, name: secretNameOf(kubeconfig) };
}
