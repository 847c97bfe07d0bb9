export { issueCertificateAuthority } from './authority.ts';
export {
  nthAddressOf,
  canonicalIpAddress,
  cidrContains,
  formatIpAddress,
  parseCidr,
  parseIpAddress,
  type AddressFamily,
  type Cidr,
  type IpAddress,
} from './cidr.ts';
export { PkiError, type PkiErrorCode } from './errors.ts';
export { inspectCertificate, isIssuedBy, splitBundle } from './inspect.ts';
export { issueCertificate } from './issue.ts';
export {
  buildKubeconfig,
  type KubeconfigAuthority,
  type KubeconfigInput,
  type KubeconfigUser,
} from './kubeconfig.ts';
export {
  generateKeyPair,
  generateServiceAccountKeyPair,
  keysMatch,
  newEncryptionKey,
  newSerialNumber,
  publicKeyOf,
} from './keys.ts';
export { alternativeNames, isDnsName, type AlternativeNames } from './names.ts';
export {
  decideRenewal,
  type RenewalDecision,
  type RenewalInput,
  type RenewalReason,
  type WantedCertificate,
} from './renewal.ts';
export {
  certificateSpecifications,
  ROOT_SPECIFICATIONS,
  type CertificateSpecification,
  type EndpointNames,
  type LeafName,
  type RootName,
  type RootSpecification,
} from './specification.ts';
export type * from './types.ts';
export { BACKDATING, LEAF_LIFETIME, renewalTime, ROOT_LIFETIME, validityFrom } from './validity.ts';
export { warmUp } from './warm-up.ts';
