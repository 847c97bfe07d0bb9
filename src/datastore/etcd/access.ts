import { issueCertificate } from '../../pki/issue.ts';
import type { CertificateRequest, Issuer } from '../../pki/types.ts';
import { etcdPartition } from './partition.ts';

export type AccessRequest = Pick<CertificateRequest, 'publicKey' | 'notBefore' | 'notAfter' | 'serialNumber'>;

/**
 * The tenant's client certificate, PEM: its common name is the partition's user, and all that etcd knows of who is calling.
 * `issuer` is the authority that the store trusts for clients.
 * @throws DataStoreError for an id that is none, PkiError for a useless issuer
 */
export function issueEtcdAccess(issuer: Issuer, id: string, request: AccessRequest): string {
  const { name } = etcdPartition(id);
  return issueCertificate(issuer, { ...request, subject: { commonName: name }, usages: ['clientAuth'] });
}
