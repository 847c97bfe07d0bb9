import { issueCertificateAuthority } from './authority.ts';
import { inspectCertificate } from './inspect.ts';
import { issueCertificate } from './issue.ts';
import { generateKeyPair, newSerialNumber } from './keys.ts';
import { decideRenewal } from './renewal.ts';
import { validityFrom } from './validity.ts';

/**
 * Issues, reads and judges a throw-away root and leaf, so that this code is compiled before the first tenant is born: the
 * first certificate of a process holds the event loop for up to 50 ms, later ones for less than one.
 */
export async function warmUp(now: Date, randomBytes: (size: number) => Buffer): Promise<void> {
  const lifetime = 60_000;
  const [root, leaf] = await Promise.all([generateKeyPair('ECDSA-P256'), generateKeyPair('ECDSA-P256')]);
  const certificate = issueCertificateAuthority({
    commonName: 'warm-up',
    keyPair: root,
    serialNumber: newSerialNumber(randomBytes),
    ...validityFrom(now, lifetime),
  });
  const wanted = {
    subject: { commonName: 'warm-up' },
    usages: ['serverAuth'],
    dnsNames: ['localhost'],
  } as const;
  const issued = issueCertificate(
    { certificate, privateKey: root.privateKey },
    {
      ...wanted,
      publicKey: leaf.publicKey,
      serialNumber: newSerialNumber(randomBytes),
      ...validityFrom(now, lifetime, inspectCertificate(certificate)),
    },
  );
  decideRenewal({
    certificate: issued,
    privateKey: leaf.privateKey,
    issuerCertificate: certificate,
    wanted: { ...wanted, keyAlgorithm: 'ECDSA-P256' },
    now,
  });
}
