import {
  type CertificateSpecification,
  certificateSpecifications,
  decideRenewal,
  type KeyAlgorithm,
  type RenewalReason,
} from '../../pki/index.ts';
import type { TenantControlPlane } from '../../api/v1alpha1/tenant-control-plane.ts';
import type { Roots } from '../roots/material.ts';
import type { TenantNames } from '../names.ts';

/** Leaf certificates and their keys by file name, PEM. */
export type CertificateFiles = Readonly<Record<string, string>>;

export interface CertificatePlan {
  readonly issue: readonly {
    readonly specification: CertificateSpecification;
    readonly reason: RenewalReason;
  }[];
  /** When the next of those that are fine has to be renewed. */
  readonly renewAt: Date | undefined;
}

/** The leaves that a tenant needs. `hosts`: names and addresses under which its API server is called. */
export function wantedCertificates(
  tenant: TenantControlPlane,
  names: TenantNames,
  hosts: { readonly published: readonly string[]; readonly clusterIPs: readonly string[] },
): readonly CertificateSpecification[] {
  const { clusterDomain, serviceCidrs, certSANs } = tenant.spec.networkProfile;
  return certificateSpecifications({
    clusterDomain,
    serviceCidrs,
    published: hosts.published,
    internal: [
      names.service,
      `${names.service}.${names.namespace}`,
      internalHost(names),
      ...hosts.clusterIPs,
    ],
    extra: certSANs,
  });
}

/** The name that Marina verifies when it calls a tenant's API server. */
export function internalHost(names: TenantNames): string {
  return `${names.service}.${names.namespace}.svc`;
}

/** Which leaves have to be issued now, and why. */
export function planCertificates(
  wanted: readonly CertificateSpecification[],
  files: CertificateFiles,
  roots: Roots,
  facts: { readonly keyAlgorithm: KeyAlgorithm; readonly now: Date },
): CertificatePlan {
  const issue: { specification: CertificateSpecification; reason: RenewalReason }[] = [];
  let renewAt: Date | undefined;
  for (const specification of wanted) {
    const decision = decideRenewal({
      certificate: files[`${specification.name}.crt`],
      privateKey: files[`${specification.name}.key`],
      issuerCertificate: roots[`${specification.signedBy}.crt`],
      wanted: { ...specification, keyAlgorithm: facts.keyAlgorithm },
      now: facts.now,
    });
    if (decision.renew) issue.push({ specification, reason: decision.reason });
    else if (!renewAt || decision.renewAt < renewAt) renewAt = decision.renewAt;
  }
  return { issue, renewAt };
}
