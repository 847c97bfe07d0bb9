import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';

import { makeAuthority, makeLeaf } from '../../test/support/pki.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../../test/support/temporary-directory.ts';
import { toPem } from './certificate.ts';
import { PkiError } from './errors.ts';
import { inspectCertificate, isIssuedBy, splitBundle } from './inspect.ts';

/** RSA keys take their time on a busy machine. */
jest.setTimeout(30_000);

const run = promisify(execFile);

let directory: TemporaryDirectory;

beforeAll(async () => {
  directory = await createTemporaryDirectory('pki');
});

afterAll(async () => {
  await directory.remove();
});

/** What openssl makes of a subject and extensions that Marina itself would never write. */
async function foreignCertificate(key: string, ...options: string[]): Promise<string> {
  const file = join(directory.path, 'foreign');
  const output = ['-nodes', '-utf8', '-days', '2', '-keyout', `${file}.key`, '-out', `${file}.crt`];
  await run('openssl', ['req', '-x509', '-newkey', ...key.split(' '), ...output, ...options]);
  return await readFile(`${file}.crt`, 'utf8');
}

/** Only a configuration file can hold a name with a comma. */
async function configWithNames(...names: string[]): Promise<string> {
  const file = join(directory.path, 'names.conf');
  const sections = [
    '[req]',
    'distinguished_name = none',
    'x509_extensions = extensions',
    '[none]',
    '[extensions]',
  ];
  await writeFile(file, [...sections, 'subjectAltName = @names', '[names]', ...names, ''].join('\n'));
  return file;
}

describe('facts of a certificate', () => {
  it('are right for one that another program made', async () => {
    const facts = inspectCertificate(
      await foreignCertificate(
        'ec -pkeyopt ec_paramgen_curve:P-384',
        ...['-subj', '/C=NO/O=one, two/OU=x/CN=earlier/CN=Å "b" = c/O=three'],
        ...[
          '-config',
          await configWithNames('DNS.1 = a.example', 'URI.1 = "https://x/?a,DNS:evil.example"', 'IP.1 = ::1'),
        ],
        ...['-addext', 'keyUsage=cRLSign,decipherOnly', '-addext', 'extendedKeyUsage=clientAuth,codeSigning'],
        ...['-addext', 'basicConstraints=critical,CA:false'],
      ),
    );
    expect(facts).toMatchObject({
      subject: { commonName: 'Å "b" = c', organizations: ['one, two', 'three'] },
      isCertificateAuthority: false,
      keyUsages: ['cRLSign', 'decipherOnly'],
      usages: ['clientAuth'],
      dnsNames: ['a.example'],
      ipAddresses: ['::1'],
      keyAlgorithm: 'other',
    });
  });

  it('are right for one without extensions', async () => {
    const file = join(directory.path, 'plain');
    await run('openssl', [
      ...['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=v1'],
      ...['-keyout', `${file}.key`, '-out', `${file}.csr`],
    ]);
    const { stdout } = await run('openssl', [
      'x509',
      '-req',
      '-in',
      `${file}.csr`,
      '-signkey',
      `${file}.key`,
    ]);
    expect(stdout).toContain('CERTIFICATE');
    expect(inspectCertificate(stdout)).toMatchObject({
      subject: { commonName: 'v1' },
      keyUsages: [],
      usages: [],
      dnsNames: [],
      ipAddresses: [],
      keyAlgorithm: 'RSA-2048',
    });
  });

  it('have the fingerprint and the key hash that openssl computes', async () => {
    const { certificate } = await makeAuthority();
    const file = join(directory.path, 'root.crt');
    await writeFile(file, certificate);
    const facts = inspectCertificate(certificate);
    const fingerprint = await run('openssl', ['x509', '-in', file, '-noout', '-fingerprint', '-sha256']);
    expect(fingerprint.stdout.trim().split('=')[1]?.replaceAll(':', '').toLowerCase()).toBe(
      facts.fingerprint,
    );
    const pipeline = `openssl x509 -in ${file} -noout -pubkey | openssl pkey -pubin -outform der | sha256sum`;
    expect((await run('sh', ['-c', pipeline])).stdout.split(' ')[0]).toBe(facts.publicKeyHash);
  });

  it.each(['', 'nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'are not had from %j',
    (text) => {
      expect(() => inspectCertificate(text)).toThrow(
        expect.objectContaining({ name: PkiError.name, code: 'Unreadable' }),
      );
    },
  );

  it('are had, or refused as unreadable, however the certificate is damaged', async () => {
    const { certificate } = await makeLeaf(await makeAuthority(), {
      dnsNames: ['a.example'],
      ipAddresses: ['::1'],
    });
    const der = new X509Certificate(certificate).raw;
    const damage = fc.array(fc.record({ at: fc.nat(der.length - 1), octet: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(der);
        for (const { at, octet } of changes) damaged.writeUInt8(octet, at);
        try {
          inspectCertificate(toPem('CERTIFICATE', damaged));
        } catch (error) {
          expect(error).toMatchObject({ name: 'PkiError', code: 'Unreadable' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('isIssuedBy', () => {
  it('tells a root from another with the same name, and a leaf from a root', async () => {
    const [root, twin] = await Promise.all([makeAuthority(), makeAuthority()]);
    const stranger = await makeAuthority('kubernetes', 'RSA-2048');
    const leaf = await makeLeaf(root);
    expect(isIssuedBy(leaf.certificate, stranger.certificate)).toBe(false);
    expect(isIssuedBy(leaf.certificate, root.certificate)).toBe(true);
    expect(isIssuedBy(leaf.certificate, twin.certificate)).toBe(false);
    expect(isIssuedBy(root.certificate, leaf.certificate)).toBe(false);
  });
});

describe('splitBundle', () => {
  it('gives each certificate, whatever is around it', async () => {
    const [one, two] = await Promise.all([makeAuthority('one'), makeAuthority('two')]);
    const bundle = `# roots\r\n${one.certificate.replaceAll('\n', '\r\n')}${two.privateKey}${two.certificate.trimEnd()}`;
    expect(splitBundle(bundle)).toEqual([one.certificate, two.certificate]);
    expect(splitBundle(bundle).map((pem) => new X509Certificate(pem).subject)).toEqual(['CN=one', 'CN=two']);
    expect(splitBundle('')).toEqual([]);
  });
});
