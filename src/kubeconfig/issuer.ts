import type { TenantControlPlane } from '../api/v1alpha1/tenant-control-plane.ts';
import type { TenantKubeconfig } from '../api/v1alpha1/tenant-kubeconfig.ts';
import { done, type StepResult } from '../controlplane/component.ts';
import type { View } from '../controlplane/view.ts';
import type { Clock } from '../engine/clock.ts';
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer } from '../kube/informer.ts';
import { inspectCertificate, renewalTime } from '../pki/index.ts';
import { buildFile, subjectOf } from './build.ts';
import { credentialIn, planCredential, type WantedCredential } from './credential.ts';
import { issueCredential } from './issue.ts';
import { secretNameOf } from './names.ts';
import { recordIssued } from './record.ts';
import { fileIn, findSecret, notWritten, writeSecret } from './secret.ts';
import type { Source } from './source.ts';
import type { Issued } from './status.ts';

export interface IssuerDependencies {
  readonly client: KubeClient;
  readonly tenants: Pick<Informer<TenantControlPlane>, 'get'>;
  readonly clock: Clock;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly randomBytes: (size: number) => Buffer;
}

/** Makes the Secret of a kubeconfig what it should be; what is right is left alone. Rejects with a `KubeError` of the management cluster. */
export async function issueKubeconfig(
  kubeconfig: TenantKubeconfig,
  tenant: View['tenant'],
  { cluster, roots }: Source,
  dependencies: IssuerDependencies,
): Promise<StepResult<Issued>> {
  const { client, clock, events, randomBytes } = dependencies;
  const now = clock.now();
  const owner = tenantWithThatSecret(kubeconfig, dependencies);
  if (owner) return notWritten(kubeconfig, `it is the admin kubeconfig of TenantControlPlane ${owner}`);
  const found = await findSecret(client, kubeconfig);
  if (found.state === 'Foreign') return notWritten(kubeconfig, found.message);

  const file = fileIn(found);
  const wanted = wantedCredential(kubeconfig, tenant, roots['ca.crt']);
  const plan = planCredential(credentialIn(file), wanted, now);
  const credential =
    plan.action === 'Keep'
      ? plan.credential
      : await issueCredential(roots, { ...wanted, lifetimeMs: plan.lifetimeMs }, { now, randomBytes });
  const next = buildFile(kubeconfig, cluster, credential);
  if (next !== file) {
    const written = await writeSecret(client, kubeconfig, { found, file: next });
    if (written.state !== 'Done') return written;
  }
  const facts = inspectCertificate(credential.certificate);
  if (plan.action === 'Keep') return done({ ...facts, until: plan.until });
  recordIssued(events, kubeconfig, { ...facts, reason: plan.reason });
  return done({ ...facts, until: wanted.renew ? renewalTime(facts) : facts.notAfter });
}

function wantedCredential(
  kubeconfig: TenantKubeconfig,
  tenant: View['tenant'],
  certificateAuthority: string,
): WantedCredential {
  const { lifetimeSeconds, renew } = kubeconfig.spec;
  const { notAfter } = kubeconfig.status ?? {};
  return {
    subject: subjectOf(kubeconfig),
    keyAlgorithm: tenant.spec.certificates.keyAlgorithm,
    certificateAuthority,
    lifetimeMs: lifetimeSeconds * 1000,
    renew,
    end: notAfter === undefined ? undefined : new Date(notAfter),
  };
}

/** Name of the TenantControlPlane whose admin kubeconfig has the name of this one’s Secret: two would write it in turns. */
function tenantWithThatSecret(
  kubeconfig: TenantKubeconfig,
  { tenants }: Pick<IssuerDependencies, 'tenants'>,
): string | undefined {
  const name = secretNameOf(kubeconfig).replace(/-kubeconfig$/, '');
  const owner = tenants.get({ namespace: kubeconfig.metadata?.namespace, name });
  return owner && name;
}
