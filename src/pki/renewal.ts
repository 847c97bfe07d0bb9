import type { KeyObject, X509Certificate } from 'node:crypto';

import { canonicalIpAddress } from './cidr.ts';
import { PkiError } from './errors.ts';
import { factsOf, isSignedBy } from './inspect.ts';
import { readPrivateKey } from './keys.ts';
import type { AlternativeNames } from './names.ts';
import { readCertificate } from './structure.ts';
import type { CertificateFacts, ExtendedKeyUsage, KeyAlgorithm, Subject } from './types.ts';
import { renewalTime } from './validity.ts';

export type RenewalReason =
  | 'Missing'
  | 'Unreadable'
  | 'KeyMismatch'
  | 'WrongIssuer'
  | 'SubjectDiffers'
  | 'UsagesDiffer'
  | 'NamesDiffer'
  | 'AlgorithmDiffers'
  | 'NotYetValid'
  | 'Expiring';

export type RenewalDecision =
  | { readonly renew: false; readonly renewAt: Date }
  | { readonly renew: true; readonly reason: RenewalReason; readonly message: string };

export interface WantedCertificate {
  readonly subject: Subject;
  readonly usages: readonly ExtendedKeyUsage[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly keyAlgorithm: KeyAlgorithm;
}

export interface RenewalInput {
  /** What is there, as PEM; undefined where nothing is. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** The root that signs from now on. */
  readonly issuerCertificate: string;
  readonly wanted: WantedCertificate;
  readonly now: Date;
}

interface Present {
  readonly certificate: X509Certificate;
  readonly facts: CertificateFacts;
  readonly privateKey: KeyObject;
  readonly issuer: X509Certificate;
}

interface Objection {
  readonly reason: RenewalReason;
  readonly message: string;
}

type Check = (present: Present, input: RenewalInput) => Objection | undefined;

/** The first that objects gives the reason: what is broken before what is merely outdated. */
const CHECKS: readonly Check[] = [
  keyIsThatOfTheCertificate,
  issuerIsCurrent,
  subjectIsAsWanted,
  usagesAreAsWanted,
  namesAreAsWanted,
  algorithmIsAsWanted,
  hasBegun,
  hasTimeLeft,
];

/**
 * Whether a leaf has to be issued (again), and if not, when the question is to be asked next.
 * @throws PkiError `Unreadable` when the issuer's certificate is
 */
export function decideRenewal(input: RenewalInput): RenewalDecision {
  const issuer = readCertificate(input.issuerCertificate);
  const found = readPresent(input, issuer);
  if ('reason' in found) return { renew: true, ...found };

  for (const check of CHECKS) {
    const objection = check(found, input);
    if (objection) return { renew: true, ...objection };
  }
  return { renew: false, renewAt: renewalTime(found.facts) };
}

function readPresent(
  { certificate, privateKey }: RenewalInput,
  issuer: X509Certificate,
): Present | Objection {
  if (!certificate) return { reason: 'Missing', message: 'there is no certificate' };
  if (!privateKey) return { reason: 'Missing', message: 'there is no private key' };
  try {
    const parsed = readCertificate(certificate);
    return { certificate: parsed, facts: factsOf(parsed), privateKey: readPrivateKey(privateKey), issuer };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return { reason: 'Unreadable', message: error.message };
  }
}

function keyIsThatOfTheCertificate({ certificate, privateKey }: Present): Objection | undefined {
  if (certificate.checkPrivateKey(privateKey)) return undefined;
  return { reason: 'KeyMismatch', message: 'the private key is not the one of the certificate' };
}

function issuerIsCurrent({ certificate, facts, issuer }: Present): Objection | undefined {
  if (isSignedBy(certificate, issuer)) return undefined;
  return {
    reason: 'WrongIssuer',
    message: `not signed by the current root, but by ${facts.issuer.commonName}`,
  };
}

function subjectIsAsWanted({ facts }: Present, { wanted }: RenewalInput): Objection | undefined {
  const is = describeSubject(facts.subject);
  const shouldBe = describeSubject(wanted.subject);
  return is === shouldBe
    ? undefined
    : { reason: 'SubjectDiffers', message: `is ${is}, should be ${shouldBe}` };
}

function usagesAreAsWanted({ facts }: Present, { wanted }: RenewalInput): Objection | undefined {
  const message = describeDifference(facts.usages, wanted.usages);
  return message === undefined ? undefined : { reason: 'UsagesDiffer', message };
}

function namesAreAsWanted({ facts }: Present, { wanted }: RenewalInput): Objection | undefined {
  const message = describeDifference(namesOf(facts), namesOf(wanted));
  return message === undefined ? undefined : { reason: 'NamesDiffer', message };
}

function algorithmIsAsWanted({ facts }: Present, { wanted }: RenewalInput): Objection | undefined {
  if (facts.keyAlgorithm === wanted.keyAlgorithm) return undefined;
  return {
    reason: 'AlgorithmDiffers',
    message: `is ${facts.keyAlgorithm}, should be ${wanted.keyAlgorithm}`,
  };
}

function hasBegun({ facts }: Present, { now }: RenewalInput): Objection | undefined {
  if (now >= facts.notBefore) return undefined;
  return { reason: 'NotYetValid', message: `not valid before ${facts.notBefore.toISOString()}` };
}

function hasTimeLeft({ facts }: Present, { now }: RenewalInput): Objection | undefined {
  if (now < renewalTime(facts)) return undefined;
  const verb = now < facts.notAfter ? 'expires' : 'expired';
  return { reason: 'Expiring', message: `${verb} at ${facts.notAfter.toISOString()}` };
}

function describeSubject({ commonName, organizations = [] }: Subject): string {
  const groups = [...new Set(organizations)].sort().map((name) => `O=${name}`);
  return [`CN=${commonName}`, ...groups].join(', ');
}

/** Two spellings of one address are one name; an address in the guise of a DNS name is another. */
function namesOf({ dnsNames = [], ipAddresses = [] }: Partial<AlternativeNames>): readonly string[] {
  return [
    ...dnsNames.map((name) => `DNS:${name.toLowerCase()}`),
    ...ipAddresses.map((address) => `IP:${canonicalIpAddress(address) ?? address}`),
  ];
}

function describeDifference(present: readonly string[], wanted: readonly string[]): string | undefined {
  const missing = wanted.filter((item) => !present.includes(item));
  const surplus = present.filter((item) => !wanted.includes(item));
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`lacks ${missing.join(', ')}`);
  if (surplus.length > 0) parts.push(`has ${surplus.join(', ')} too much`);
  return parts.length > 0 ? parts.join('; ') : undefined;
}
