import { type CertificateSpecification, inspectCertificate } from '../../pki/index.ts';
import type { KubeClient } from '../../kube/client.ts';
import { type Secret, secrets } from '../../kube/resources.ts';
import { applyOwned, type OwnedCache } from '../apply-owned.ts';
import { done, type StepResult } from '../component.ts';
import { tenantLabels } from '../names.ts';
import type { Roots } from '../roots/material.ts';
import { decodeData, encodeData } from '../../kube/secret-data.ts';
import type { View } from '../view.ts';
import { issueLeaf } from './issue-leaf.ts';
import { type CertificateFiles, planCertificates } from './plan.ts';

export interface Certificates {
  readonly files: CertificateFiles;
  /** Names of the leaves that were issued in this round. */
  readonly issued: readonly string[];
  readonly renewAt: Date | undefined;
  readonly expiries: readonly { readonly name: string; readonly notAfter: Date }[];
}

export interface CertificateDependencies {
  readonly client: KubeClient;
  readonly secrets: OwnedCache<Secret>;
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

/** Issues what is missing, differs or comes to its end, and keeps all leaves in one Secret. */
export async function syncCertificates(
  view: View,
  wanted: readonly CertificateSpecification[],
  roots: Roots,
  dependencies: CertificateDependencies,
): Promise<StepResult<Certificates>> {
  const { now } = dependencies;
  const { keyAlgorithm } = view.tenant.spec.certificates;
  const present = decodeData(view.certificates);
  const plan = planCertificates(wanted, present, roots, { keyAlgorithm, now });
  const issued = await Promise.all(
    plan.issue.map(({ specification }) => issueLeaf(specification, roots, keyAlgorithm, dependencies)),
  );

  const files = selectFiles(wanted, Object.assign({}, present, ...issued) as CertificateFiles);
  const secret: Secret = {
    metadata: {
      name: view.names.certificates,
      namespace: view.names.namespace,
      labels: tenantLabels(view.tenant, 'certificates'),
    },
    type: 'Opaque',
    data: encodeData(files),
  };
  await applyOwned(dependencies.client, secrets, dependencies.secrets, secret);
  return done({
    files,
    issued: plan.issue.map(({ specification }) => specification.name),
    renewAt: plan.renewAt,
    expiries: wanted.map(({ name }) => ({
      name,
      notAfter: inspectCertificate(files[`${name}.crt`] ?? '').notAfter,
    })),
  });
}

function selectFiles(wanted: readonly CertificateSpecification[], files: CertificateFiles): CertificateFiles {
  const names = wanted.flatMap(({ name }) => [`${name}.crt`, `${name}.key`]);
  return Object.fromEntries(names.map((name) => [name, files[name] ?? '']));
}
