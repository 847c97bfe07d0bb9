/**
 * `src/pki/index.ts` on paper: certificates that say what real ones say, keys that are numbers, and signatures that are
 * believed. What control planes decide by them is as with real ones; what they cost is nothing, and the same seed gives the
 * same text. The real thing has its own tests. Takes the place of `src/pki/index.ts` by paper-pki-hook.ts.
 */
import { PkiError } from '../../src/pki/errors.ts';
import type { RenewalDecision, RenewalInput } from '../../src/pki/renewal.ts';
import type {
  CertificateAuthorityRequest,
  CertificateFacts,
  CertificateRequest,
  Issuer,
  KeyAlgorithm,
  KeyPair,
} from '../../src/pki/types.ts';
import { renewalTime } from '../../src/pki/validity.ts';

export {
  nthAddressOf,
  canonicalIpAddress,
  cidrContains,
  parseCidr,
  parseIpAddress,
  formatIpAddress,
} from '../../src/pki/cidr.ts';
export { PkiError } from '../../src/pki/errors.ts';
export { buildKubeconfig } from '../../src/pki/kubeconfig.ts';
export { newEncryptionKey, newSerialNumber } from '../../src/pki/keys.ts';
export { alternativeNames, isDnsName } from '../../src/pki/names.ts';
export { certificateSpecifications, ROOT_SPECIFICATIONS } from '../../src/pki/specification.ts';
export {
  BACKDATING,
  LEAF_LIFETIME,
  renewalTime,
  ROOT_LIFETIME,
  validityFrom,
} from '../../src/pki/validity.ts';

interface Paper {
  readonly subject: CertificateFacts['subject'];
  readonly issuer: CertificateFacts['subject'];
  readonly isCertificateAuthority: boolean;
  readonly usages: CertificateFacts['usages'];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly serialNumber: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: string;
  readonly issuerKey: string;
}

let keys = 0;

/** For a new simulation: keys count from one again. */
export function resetPaper(): void {
  keys = 0;
}

export function generateKeyPair(_algorithm: KeyAlgorithm): Promise<KeyPair> {
  keys += 1;
  return Promise.resolve({
    privateKey: pem('EC PRIVATE KEY', `key ${keys}`),
    publicKey: pem('PUBLIC KEY', `key ${keys}`),
  });
}

export const generateServiceAccountKeyPair = generateKeyPair;

export function publicKeyOf(privateKey: string): string {
  return pem('PUBLIC KEY', unpem('EC PRIVATE KEY', privateKey));
}

export function keysMatch(certificate: string, privateKey: string): boolean {
  try {
    return read(certificate).publicKey === publicKeyOf(privateKey);
  } catch {
    return false;
  }
}

export function issueCertificateAuthority(request: CertificateAuthorityRequest): string {
  const { commonName, keyPair, serialNumber } = request;
  return write({
    subject: { commonName },
    issuer: { commonName },
    isCertificateAuthority: true,
    usages: [],
    dnsNames: [],
    ipAddresses: [],
    serialNumber,
    notBefore: request.notBefore.getTime(),
    notAfter: request.notAfter.getTime(),
    publicKey: keyPair.publicKey,
    issuerKey: keyPair.publicKey,
  });
}

export function issueCertificate(issuer: Issuer, request: CertificateRequest): string {
  const authority = read(issuer.certificate);
  if (!authority.isCertificateAuthority || authority.publicKey !== publicKeyOf(issuer.privateKey)) {
    throw new PkiError({
      code: 'IssuerMismatch',
      operation: 'issue certificate',
      message: 'a useless issuer',
    });
  }
  const { subject, usages, dnsNames = [], ipAddresses = [], serialNumber, publicKey } = request;
  return write({
    subject,
    issuer: authority.subject,
    isCertificateAuthority: false,
    usages,
    dnsNames,
    ipAddresses,
    serialNumber,
    notBefore: request.notBefore.getTime(),
    notAfter: request.notAfter.getTime(),
    publicKey,
    issuerKey: authority.publicKey,
  });
}

export function inspectCertificate(certificate: string): CertificateFacts {
  const { publicKey, issuerKey: _issuerKey, notBefore, notAfter, ...facts } = read(certificate);
  return {
    ...facts,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    keyUsages: [],
    fingerprint: facts.serialNumber,
    publicKeyHash: publicKey,
    keyAlgorithm: 'ECDSA-P256',
  };
}

export function splitBundle(bundle: string): readonly string[] {
  return [bundle];
}

export function decideRenewal({
  certificate,
  privateKey,
  issuerCertificate,
  wanted,
  now,
}: RenewalInput): RenewalDecision {
  const no = (reason: Extract<RenewalDecision, { renew: true }>['reason']): RenewalDecision => ({
    renew: true,
    reason,
    message: reason,
  });
  if (!certificate || !privateKey) return no('Missing');
  let present: Paper;
  try {
    present = read(certificate);
    if (present.publicKey !== publicKeyOf(privateKey)) return no('KeyMismatch');
  } catch {
    return no('Unreadable');
  }
  if (present.issuerKey !== read(issuerCertificate).publicKey) return no('WrongIssuer');
  if (text(present.subject) !== text(wanted.subject)) return no('SubjectDiffers');
  const { dnsNames = [], ipAddresses = [], usages } = wanted;
  if (
    text([present.dnsNames, present.ipAddresses, present.usages]) !== text([dnsNames, ipAddresses, usages])
  ) {
    return no('NamesDiffer');
  }
  const validity = { notBefore: new Date(present.notBefore), notAfter: new Date(present.notAfter) };
  if (now < validity.notBefore) return no('NotYetValid');
  const renewAt = renewalTime(validity);
  return now < renewAt ? { renew: false, renewAt } : no('Expiring');
}

function write(paper: Paper): string {
  return pem('CERTIFICATE', Buffer.from(text(paper)).toString('base64'));
}

/** A simulation reads the same few certificates over and over. */
const known = new Map<string, Paper>();

function read(certificate: string): Paper {
  const before = known.get(certificate);
  if (before) return before;
  try {
    const paper = JSON.parse(Buffer.from(unpem('CERTIFICATE', certificate), 'base64').toString()) as Paper;
    if (known.size > 500) known.clear();
    known.set(certificate, paper);
    return paper;
  } catch (cause: unknown) {
    throw new PkiError({
      code: 'Unreadable',
      operation: 'read certificate',
      message: 'no certificate',
      cause,
    });
  }
}

function pem(label: string, content: string): string {
  return `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----\n`;
}

function unpem(label: string, document: string): string {
  const [head, content] = document.split('\n');
  if (head !== `-----BEGIN ${label}-----` || !content) {
    throw new PkiError({ code: 'Unreadable', operation: `read ${label}`, message: 'not such a PEM' });
  }
  return content;
}

function text(value: unknown): string {
  return JSON.stringify(value);
}
