/** All key material and certificates are PEM text. */
export type KeyAlgorithm = 'ECDSA-P256' | 'RSA-2048';

export interface KeyPair {
  /** SEC 1 `EC PRIVATE KEY` or PKCS #1 `RSA PRIVATE KEY`, as kubeadm writes them. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo, `PUBLIC KEY`. */
  readonly publicKey: string;
}

export interface Issuer {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth';

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What a leaf is to say; RFC 5280 section 4.2. */
export interface CertificateRequest extends Validity {
  readonly subject: Subject;
  readonly publicKey: string;
  readonly usages: readonly ExtendedKeyUsage[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Positive, at most 20 octets, hexadecimal; randomness is the caller's. */
  readonly serialNumber: string;
}

export interface CertificateAuthorityRequest extends Validity {
  readonly commonName: string;
  readonly keyPair: KeyPair;
  readonly serialNumber: string;
}

/** What a certificate says. */
export interface CertificateFacts extends Validity {
  readonly subject: Subject;
  readonly issuer: Subject;
  readonly isCertificateAuthority: boolean;
  readonly keyUsages: readonly string[];
  readonly usages: readonly ExtendedKeyUsage[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly serialNumber: string;
  /** SHA-256 of the DER, lower-case hexadecimal without colons. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo DER: the `sha256:<hex>` of `--discovery-token-ca-cert-hash`. */
  readonly publicKeyHash: string;
  readonly keyAlgorithm: KeyAlgorithm | 'other';
}
