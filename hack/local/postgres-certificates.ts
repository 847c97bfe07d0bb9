import type { Issuer } from '../../src/pki/index.ts';
import { currentLeaf, makeAuthority, type Sources } from './store-certificates.ts';

/** Certificates and keys of a Postgres of ours, PEM. */
export interface PostgresCertificates {
  /** Signs the server's certificate and the certificate of each role: the common name is the role. */
  readonly ca: Issuer;
  readonly server: Issuer;
  /** Superuser `postgres`. */
  readonly root: Issuer;
}

/** What is missing or two thirds through its life is made; the rest stays as it is. */
export async function completePostgresCertificates(
  existing: Partial<PostgresCertificates>,
  sources: Sources,
): Promise<PostgresCertificates> {
  const ca = existing.ca ?? (await makeAuthority('postgres-ca', sources));
  const dnsNames = ['postgres', 'postgres.marina-system', 'postgres.marina-system.svc', 'localhost'];
  return {
    ca,
    server: await currentLeaf(
      existing.server,
      ca,
      { commonName: 'postgres-server', usages: ['serverAuth'], dnsNames, ipAddresses: ['127.0.0.1'] },
      sources,
    ),
    root: await currentLeaf(existing.root, ca, { commonName: 'postgres', usages: ['clientAuth'] }, sources),
  };
}
