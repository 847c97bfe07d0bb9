import {
  generateKeyPair,
  inspectCertificate,
  isIssuedBy,
  issueCertificate,
  issueCertificateAuthority,
  newSerialNumber,
  renewalTime,
  validityFrom,
} from '../../src/pki/index.ts';
import type { CertificateRequest, ExtendedKeyUsage, Issuer } from '../../src/pki/index.ts';

/** Certificates and keys of an etcd of ours, PEM. */
export interface EtcdCertificates {
  /** Signs the server's certificate and the certificate of each user: the common name is the user. */
  readonly ca: Issuer;
  /** Signs those of the members, for the talk among themselves. */
  readonly peerCa: Issuer;
  readonly server: Issuer;
  readonly peer: Issuer;
  /** User `root`. */
  readonly root: Issuer;
}

export interface Sources {
  readonly now: Date;
  readonly randomBytes: (size: number) => Buffer;
}

const day = 24 * 60 * 60 * 1000;
const authorityLifetime = 3650 * day;
const leafLifetime = 365 * day;

const serverNames = {
  dnsNames: [
    'etcd',
    'etcd.marina-system',
    'etcd.marina-system.svc',
    'etcd.marina-system.svc.cluster.local',
    '*.etcd-peers.marina-system.svc',
    '*.etcd-peers.marina-system.svc.cluster.local',
    'localhost',
  ],
  ipAddresses: ['127.0.0.1'],
};

/** What is missing or two thirds through its life is made; the rest stays as it is. */
export async function completeEtcdCertificates(
  existing: Partial<EtcdCertificates>,
  sources: Sources,
): Promise<EtcdCertificates> {
  const ca = existing.ca ?? (await makeAuthority('etcd-ca', sources));
  const peerCa = existing.peerCa ?? (await makeAuthority('etcd-peer-ca', sources));
  const leaf = (kept: Issuer | undefined, issuer: Issuer, request: LeafRequest): Promise<Issuer> =>
    kept && isCurrent(kept, issuer, sources.now) ? Promise.resolve(kept) : makeLeaf(issuer, request, sources);
  return {
    ca,
    peerCa,
    server: await leaf(existing.server, ca, {
      commonName: 'etcd-server',
      usages: ['serverAuth'],
      ...serverNames,
    }),
    peer: await leaf(existing.peer, peerCa, {
      commonName: 'etcd-peer',
      usages: ['serverAuth', 'clientAuth'],
      ...serverNames,
    }),
    root: await leaf(existing.root, ca, { commonName: 'root', usages: ['clientAuth'] }),
  };
}

interface LeafRequest extends Pick<CertificateRequest, 'dnsNames' | 'ipAddresses'> {
  readonly commonName: string;
  readonly usages: readonly ExtendedKeyUsage[];
}

function isCurrent(leaf: Issuer, issuer: Issuer, now: Date): boolean {
  return (
    isIssuedBy(leaf.certificate, issuer.certificate) &&
    now < renewalTime(inspectCertificate(leaf.certificate))
  );
}

async function makeAuthority(commonName: string, { now, randomBytes }: Sources): Promise<Issuer> {
  const keyPair = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificateAuthority({
    commonName,
    keyPair,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, authorityLifetime),
  });
  return { certificate, privateKey: keyPair.privateKey };
}

async function makeLeaf(
  issuer: Issuer,
  { commonName, ...request }: LeafRequest,
  { now, randomBytes }: Sources,
): Promise<Issuer> {
  const keyPair = await generateKeyPair('ECDSA-P256');
  const certificate = issueCertificate(issuer, {
    ...request,
    subject: { commonName },
    publicKey: keyPair.publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, leafLifetime),
  });
  return { certificate, privateKey: keyPair.privateKey };
}
