import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import { makeAuthority, makeLeaf, validNow } from '../../test/support/pki.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../test/support/temporary-directory.ts';
import { issueCertificateAuthority } from './authority.ts';
import { PkiError } from './errors.ts';
import { inspectCertificate, isIssuedBy } from './inspect.ts';
import { issueCertificate } from './issue.ts';
import { generateKeyPair, newSerialNumber } from './keys.ts';
import type { CertificateAuthorityRequest, CertificateRequest, Issuer, KeyPair } from './types.ts';

/** RSA keys take their time on a busy machine. */
jest.setTimeout(30_000);

const run = promisify(execFile);
const ALGORITHMS = ['ECDSA-P256', 'RSA-2048'] as const;
const PAIRS = ALGORITHMS.flatMap((root) => ALGORITHMS.map((leaf) => ({ root, leaf })));

let directory: TemporaryDirectory;
let folder: string;
let authority: Issuer;
let keyPair: KeyPair;

beforeAll(async () => {
  directory = await createTemporaryDirectory('pki');
  folder = directory.path;
  authority = await makeAuthority();
  keyPair = await generateKeyPair('ECDSA-P256');
});

afterAll(async () => {
  await directory.remove();
});

/** openssl's own verdict with every strictness that it has. */
async function opensslVerify(root: string, leaf: string, ...options: string[]): Promise<string> {
  const name = randomBytes(8).toString('hex');
  const [rootFile, leafFile] = [join(folder, `${name}.root`), join(folder, `${name}.leaf`)];
  await Promise.all([writeFile(rootFile, root), writeFile(leafFile, leaf)]);
  const { stdout } = await run('openssl', [
    ...['verify', '-x509_strict', '-check_ss_sig', '-auth_level', '2', ...options],
    ...['-CAfile', rootFile, leafFile],
  ]);
  return stdout.trim().replace(leafFile, 'leaf');
}

async function opensslText(certificate: string): Promise<string> {
  const file = join(folder, `${randomBytes(8).toString('hex')}.crt`);
  await writeFile(file, certificate);
  return (await run('openssl', ['x509', '-noout', '-text', '-in', file])).stdout;
}

function request(changes: Partial<CertificateRequest> = {}): CertificateRequest {
  return {
    subject: { commonName: 'kube-apiserver' },
    usages: ['serverAuth'],
    publicKey: keyPair.publicKey,
    serialNumber: newSerialNumber(randomBytes),
    ...validNow(),
    ...changes,
  };
}

describe('a certificate', () => {
  it.each(PAIRS)('of a $leaf key signed by a $root root is accepted by openssl', async ({ root, leaf }) => {
    const issuer = await makeAuthority('kubernetes', root);
    const names = { dnsNames: ['a.example', '*.b.example'], ipAddresses: ['10.0.0.1', 'fd00::1'] };
    const server = await makeLeaf(issuer, { usages: ['serverAuth'], ...names }, leaf);
    const client = await makeLeaf(issuer, { usages: ['clientAuth'] }, leaf);
    for (const options of [
      ['-purpose', 'sslserver', '-verify_hostname', 'a.example'],
      ['-purpose', 'sslserver', '-verify_hostname', 'x.b.example'],
      ['-purpose', 'sslserver', '-verify_ip', 'fd00:0::1'],
    ]) {
      expect(await opensslVerify(issuer.certificate, server.certificate, ...options)).toBe('leaf: OK');
    }
    expect(await opensslVerify(issuer.certificate, client.certificate, '-purpose', 'sslclient')).toBe(
      'leaf: OK',
    );
    expect(isIssuedBy(client.certificate, issuer.certificate)).toBe(true);
  });

  it('is refused by openssl for another purpose, another name and another root of the same name', async () => {
    const { certificate } = await makeLeaf(authority, { usages: ['serverAuth'], dnsNames: ['a.example'] });
    const twin = await makeAuthority();
    await expect(opensslVerify(authority.certificate, certificate, '-purpose', 'sslclient')).rejects.toThrow(
      'purpose',
    );
    await expect(opensslVerify(authority.certificate, certificate, '-verify_hostname', 'b')).rejects.toThrow(
      'mismatch',
    );
    await expect(opensslVerify(twin.certificate, certificate)).rejects.toThrow('error');
    expect(isIssuedBy(certificate, twin.certificate)).toBe(false);
  });

  it('tells what was asked for', () => {
    const asked = request({
      subject: { commonName: 'jürgen@example', organizations: ['zz', 'a & b', 'system:masters', 'zz'] },
      usages: ['serverAuth', 'clientAuth'],
      dnsNames: ['a.example'],
      ipAddresses: ['10.0.0.1', '::ffff:10.0.0.2', 'FD00:0::1'],
      serialNumber: '00abcdef',
    });
    const facts = inspectCertificate(issueCertificate(authority, asked));
    expect(facts).toMatchObject({
      subject: { commonName: 'jürgen@example' },
      issuer: { commonName: 'kubernetes' },
      isCertificateAuthority: false,
      keyUsages: ['digitalSignature', 'keyEncipherment'],
      usages: ['serverAuth', 'clientAuth'],
      dnsNames: ['a.example'],
      ipAddresses: ['10.0.0.1', '10.0.0.2', 'fd00::1'],
      serialNumber: 'abcdef',
      keyAlgorithm: 'ECDSA-P256',
    });
    expect([...(facts.subject.organizations ?? [])].sort()).toEqual(['a & b', 'system:masters', 'zz']);
    expect(facts.notAfter.getTime()).toBe(Math.floor(asked.notAfter.getTime() / 1000) * 1000);
  });

  it('has the critical extensions and string types that Go gives it', async () => {
    const plain = await opensslText(issueCertificate(authority, request()));
    expect(plain).toMatch(/Key Usage: critical\n\s+Digital Signature, Key Encipherment\n/);
    expect(plain).toMatch(/Basic Constraints: critical\n\s+CA:FALSE\n/);
    expect(plain).toMatch(/Extended Key Usage: \n\s+TLS Web Server Authentication\n/);
    expect(plain).not.toContain('Subject Alternative Name');

    const types = async (commonName: string): Promise<string> => {
      const file = join(folder, `${randomBytes(8).toString('hex')}.crt`);
      await writeFile(file, issueCertificate(authority, request({ subject: { commonName } })));
      const { stdout } = await run('openssl', ['asn1parse', '-in', file]);
      return [...stdout.matchAll(/prim: (PRINTABLESTRING|UTF8STRING)/g)].map(([, type]) => type).join(' ');
    };
    expect(await types('system:node (a)')).toBe('PRINTABLESTRING PRINTABLESTRING');
    expect(await types('a@b')).toBe('PRINTABLESTRING UTF8STRING');
    expect(await types('a*')).toBe('PRINTABLESTRING UTF8STRING');
  });

  it.each(['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])(
    'may last to %s',
    async (end) => {
      const certificate = issueCertificate(authority, request({ notAfter: new Date(end) }));
      expect(inspectCertificate(certificate).notAfter).toEqual(new Date(end));
      expect(await opensslVerify(authority.certificate, certificate)).toBe('leaf: OK');
    },
  );

  it.each(['1', '7f', '80', 'ff'.repeat(19), `7f${'ff'.repeat(19)}`])(
    'may have the serial number %s',
    async (serial) => {
      const certificate = issueCertificate(authority, request({ serialNumber: serial }));
      expect(BigInt(`0x${inspectCertificate(certificate).serialNumber}`)).toBe(BigInt(`0x${serial}`));
      expect(await opensslVerify(authority.certificate, certificate)).toBe('leaf: OK');
    },
  );

  const now = new Date();
  const REFUSED: readonly (readonly [string, Partial<CertificateRequest>])[] = [
    ['subject.commonName: empty', { subject: { commonName: '' } }],
    ['subject.commonName: holds control characters', { subject: { commonName: 'a\0b' } }],
    ['subject.organizations[1]: empty', { subject: { commonName: 'a', organizations: ['b', ''] } }],
    ['usages: empty', { usages: [] }],
    ['dnsNames[1]: "a_b" is no DNS name', { dnsNames: ['a', 'a_b'] }],
    ['ipAddresses[1]: "10.0.0.256" is no IP address', { ipAddresses: ['10.0.0.1', '10.0.0.256'] }],
    ['notAfter: not later than notBefore', { notBefore: now, notAfter: now }],
    ['notBefore: not a date between 1950 and 9999', { notBefore: new Date(Number.NaN) }],
    ['serialNumber: not hexadecimal', { serialNumber: 'xyz' }],
    ['serialNumber: must be positive', { serialNumber: '00' }],
    ['serialNumber: longer than 20 octets', { serialNumber: 'ff'.repeat(20) }],
    ['publicKey: not a PEM public key', { publicKey: 'nonsense' }],
  ];
  it.each(REFUSED)('is refused with "%s"', (message, changes) => {
    expect(() => issueCertificate(authority, request(changes))).toThrow(message);
  });

  it('names field and operation in what it throws', () => {
    const refusal = {
      name: 'PkiError',
      code: 'InvalidRequest',
      field: 'dnsNames[0]',
      operation: 'issue certificate kube-apiserver',
    };
    expect(() => issueCertificate(authority, request({ dnsNames: [''] }))).toThrow(
      expect.objectContaining(refusal),
    );
  });

  it('is not signed with a key that is not the issuer’s, nor by a leaf', async () => {
    const leaf = await makeLeaf(authority);
    expect(() => issueCertificate({ ...authority, privateKey: leaf.privateKey }, request())).toThrow(
      expect.objectContaining({ code: 'IssuerMismatch' }),
    );
    expect(() => issueCertificate(leaf, request())).toThrow('the issuer is no certificate authority');
    expect(() => issueCertificate({ ...authority, certificate: 'nonsense' }, request())).toThrow(PkiError);
  });

  it('can be issued by a root that another program made', async () => {
    const [keyFile, certificateFile] = [join(folder, 'foreign.key'), join(folder, 'foreign.crt')];
    await run('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-utf8',
        '-subj',
        '/C=NO/O=Ås/CN=etcd, main',
      ],
      ...['-addext', 'keyUsage=critical,keyCertSign', '-keyout', keyFile, '-out', certificateFile],
    ]);
    const foreign = {
      certificate: await readFile(certificateFile, 'utf8'),
      privateKey: await readFile(keyFile, 'utf8'),
    };
    const { certificate } = await makeLeaf(foreign);
    expect(await opensslVerify(foreign.certificate, certificate)).toBe('leaf: OK');
    expect(isIssuedBy(certificate, foreign.certificate)).toBe(true);
    expect(inspectCertificate(certificate).issuer).toEqual({
      commonName: 'etcd, main',
      organizations: ['Ås'],
    });
  });
});

describe('a root', () => {
  it.each(ALGORITHMS)('of a %s key says what kubeadm’s says', async (algorithm) => {
    const { certificate } = await makeAuthority('front-proxy-ca', algorithm);
    expect(inspectCertificate(certificate)).toMatchObject({
      subject: { commonName: 'front-proxy-ca' },
      issuer: { commonName: 'front-proxy-ca' },
      isCertificateAuthority: true,
      keyUsages: ['digitalSignature', 'keyEncipherment', 'keyCertSign'],
      usages: [],
      dnsNames: ['front-proxy-ca'],
      ipAddresses: [],
      keyAlgorithm: algorithm,
    });
    expect(await opensslText(certificate)).toMatch(/Basic Constraints: critical\n\s+CA:TRUE\n/);
    expect(isIssuedBy(certificate, certificate)).toBe(true);
  });

  it('may have a name that is no DNS name', async () => {
    const { certificate } = await makeAuthority('Ås root');
    expect(inspectCertificate(certificate)).toMatchObject({
      subject: { commonName: 'Ås root' },
      dnsNames: [],
    });
    expect(await opensslVerify(certificate, certificate)).toBe('leaf: OK');
  });

  it('is refused when its halves of a key do not belong together', async () => {
    const other = await generateKeyPair('ECDSA-P256');
    const wrong: CertificateAuthorityRequest = {
      commonName: 'kubernetes',
      keyPair: { privateKey: keyPair.privateKey, publicKey: other.publicKey },
      serialNumber: '01',
      ...validNow(),
    };
    expect(() => issueCertificateAuthority(wrong)).toThrow(
      'keyPair.publicKey: not that of keyPair.privateKey',
    );
    expect(() => issueCertificateAuthority({ ...wrong, keyPair, commonName: '' })).toThrow(
      'subject.commonName: empty',
    );
  });
});
