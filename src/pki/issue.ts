import type { KeyObject } from 'node:crypto';

import { distinguishedName, keyIdentifier, publicKeyInfo, signCertificate } from './certificate.ts';
import type { Asn1 } from './der.ts';
import { FieldError, PkiError, refusing } from './errors.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyIdentifier,
} from './extensions.ts';
import { readPrivateKey } from './keys.ts';
import { readCertificate, readStructure } from './structure.ts';
import type { CertificateRequest, Issuer } from './types.ts';

/**
 * A leaf as PEM, signed with SHA-256. Issuer and leaf may have keys of different kinds.
 * @throws PkiError `InvalidRequest` naming the field; `Unreadable` and `IssuerMismatch` for a useless issuer
 */
export function issueCertificate(issuer: Issuer, request: CertificateRequest): string {
  const operation = `issue certificate ${request.subject.commonName}`;
  return refusing(operation, () => {
    if (request.usages.length === 0) throw new FieldError('usages', 'empty');
    const authority = readIssuer(operation, issuer);
    const publicKey = publicKeyInfo('publicKey', request.publicKey);
    const extensions = [
      keyUsage(['digitalSignature', 'keyEncipherment']),
      extendedKeyUsage([...new Set(request.usages)]),
      basicConstraints(false),
      subjectKeyIdentifier(keyIdentifier(publicKey)),
      authorityKeyIdentifier(authority.keyIdentifier),
    ];
    const { dnsNames = [], ipAddresses = [] } = request;
    if (dnsNames.length + ipAddresses.length > 0) extensions.push(subjectAltName(dnsNames, ipAddresses));
    const subject = distinguishedName(request.subject);
    return signCertificate(
      { ...request, issuer: authority.name, subject, publicKey, extensions },
      authority.signer,
    );
  });
}

interface Authority {
  readonly signer: KeyObject;
  /** The root's subject as it is encoded there: verifiers compare octets. */
  readonly name: Asn1;
  readonly keyIdentifier: Buffer;
}

function readIssuer(operation: string, issuer: Issuer): Authority {
  const certificate = readCertificate(issuer.certificate);
  const signer = readPrivateKey(issuer.privateKey);
  if (!certificate.ca) {
    throw new PkiError({
      code: 'IssuerMismatch',
      operation,
      message: 'the issuer is no certificate authority',
    });
  }
  if (!certificate.checkPrivateKey(signer)) {
    throw new PkiError({
      code: 'IssuerMismatch',
      operation,
      message: "the key is not that of the issuer's certificate",
    });
  }
  const { encodedSubject, publicKey, subjectKeyIdentifier } = readStructure(certificate);
  return { signer, name: encodedSubject, keyIdentifier: subjectKeyIdentifier ?? keyIdentifier(publicKey) };
}
