import {
  generateKeyPair,
  generateServiceAccountKeyPair,
  issueCertificateAuthority,
  type KeyAlgorithm,
  newEncryptionKey,
  newSerialNumber,
  ROOT_LIFETIME,
  ROOT_SPECIFICATIONS,
  type RootName,
  validityFrom,
} from '../../pki/index.ts';
import { encryptionConfiguration, type Roots } from './material.ts';

/** Makes all that a new tenant trusts and signs with. */
export async function generateRoots(
  algorithm: KeyAlgorithm,
  now: Date,
  randomBytes: (size: number) => Buffer,
): Promise<Roots> {
  const authority = async (name: RootName) => {
    const keyPair = await generateKeyPair(algorithm);
    const commonName = ROOT_SPECIFICATIONS.find((root) => root.name === name)?.commonName ?? name;
    const serialNumber = newSerialNumber(randomBytes);
    const certificate = issueCertificateAuthority({
      commonName,
      keyPair,
      serialNumber,
      ...validityFrom(now, ROOT_LIFETIME),
    });
    return { certificate, privateKey: keyPair.privateKey };
  };
  const [cluster, frontProxy, serviceAccounts] = await Promise.all([
    authority('ca'),
    authority('front-proxy-ca'),
    generateServiceAccountKeyPair(algorithm),
  ]);
  return {
    'ca.crt': cluster.certificate,
    'ca.key': cluster.privateKey,
    'front-proxy-ca.crt': frontProxy.certificate,
    'front-proxy-ca.key': frontProxy.privateKey,
    'sa.key': serviceAccounts.privateKey,
    'sa.pub': serviceAccounts.publicKey,
    'encryption.yaml': encryptionConfiguration(newEncryptionKey(randomBytes)),
  };
}
