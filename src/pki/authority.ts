import { distinguishedName, keyIdentifier, publicKeyInfo, signCertificate } from './certificate.ts';
import { FieldError, refusing } from './errors.ts';
import { basicConstraints, keyUsage, subjectAltName, subjectKeyIdentifier } from './extensions.ts';
import { publicKeyOf, readPrivateKey } from './keys.ts';
import { isDnsName } from './names.ts';
import type { CertificateAuthorityRequest } from './types.ts';

/**
 * A self-signed root as PEM. It says what kubeadm's roots say (NewSelfSignedCACert in kubeadm/app/util/pkiutil): the
 * same three key usages, and the common name as DNS name where it is one.
 * @throws PkiError `InvalidRequest` naming the field
 */
export function issueCertificateAuthority(request: CertificateAuthorityRequest): string {
  return refusing(`issue root ${request.commonName}`, () => {
    const { commonName, keyPair } = request;
    const signer = readPrivateKey(keyPair.privateKey);
    if (publicKeyOf(keyPair.privateKey).trim() !== keyPair.publicKey.trim()) {
      throw new FieldError('keyPair.publicKey', 'not that of keyPair.privateKey');
    }
    const name = distinguishedName({ commonName });
    const publicKey = publicKeyInfo('keyPair.publicKey', keyPair.publicKey);
    const extensions = [
      keyUsage(['digitalSignature', 'keyEncipherment', 'keyCertSign']),
      basicConstraints(true),
      subjectKeyIdentifier(keyIdentifier(publicKey)),
    ];
    if (isDnsName(commonName)) extensions.push(subjectAltName([commonName], []));
    return signCertificate({ ...request, issuer: name, subject: name, publicKey, extensions }, signer);
  });
}
