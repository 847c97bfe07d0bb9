import { issueCertificate } from '../pki/issue.ts';
import type { CertificateRequest, Issuer } from '../pki/types.ts';
import { requirePartitionId } from './partition-id.ts';

export type AccessRequest = Pick<CertificateRequest, 'publicKey' | 'notBefore' | 'notAfter' | 'serialNumber'>;

/**
 * The tenant's client certificate, PEM: its common name is the partition's user, and all that a store knows of who is calling; the user has
 * no password. `issuer` is the authority that the store trusts for clients.
 * @throws DataStoreError for an id that is none, PkiError for a useless issuer
 */
export function issueStoreAccess(issuer: Issuer, id: string, request: AccessRequest): string {
  requirePartitionId(id, 'store: issue access');
  return issueCertificate(issuer, { ...request, subject: { commonName: id }, usages: ['clientAuth'] });
}
