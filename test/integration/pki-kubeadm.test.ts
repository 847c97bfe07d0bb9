import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

import { ensureBinaries, kubernetesVersion } from '../../hack/toolchain/binaries.ts';
import {
  buildKubeconfig,
  certificateSpecifications,
  generateKeyPair,
  generateServiceAccountKeyPair,
  inspectCertificate,
  isIssuedBy,
  issueCertificate,
  issueCertificateAuthority,
  newSerialNumber,
  ROOT_SPECIFICATIONS,
  ROOT_LIFETIME,
  LEAF_LIFETIME,
  validityFrom,
  type CertificateFacts,
  type Issuer,
  type KeyAlgorithm,
} from '../../src/pki/index.ts';
import { createTemporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const run = promisify(execFile);

/** Milliseconds for a dozen RSA keys on a busy machine. */
const SLOW = 60_000;

const NODE_NAME = 'node-1';
const SECOND_SERVICE_CIDR = 'fd00:10:96::/112';
const NAMES = {
  clusterDomain: 'tenant.internal',
  serviceCidrs: ['10.96.0.0/16', SECOND_SERVICE_CIDR],
  published: ['192.0.2.10', 'demo.example.com'],
  internal: ['x1.marina-tenants.svc'],
  extra: ['*.example.com', '2001:db8::1'],
};

/** Where Marina's certificates may differ from kubeadm's; everything else has to be the same. */
const ALLOWED_DIFFERENCES = {
  /** Other keys and serial numbers; 90 days and five minutes of backdating where kubeadm has a year. */
  facts: ['serialNumber', 'fingerprint', 'publicKeyHash', 'notBefore', 'notAfter', 'keyAlgorithm'],
  /** kubeadm adds the node that it runs on: there is none. */
  surplusOfKubeadm: [NODE_NAME],
  /** The pod calls itself on localhost, Marina calls the Service, and every service range has a first address. */
  surplusOfMarina: ['localhost', '127.0.0.1', 'x1.marina-tenants.svc', 'fd00:10:96::1'],
} as const;

const CERTIFICATES = ['ca', 'apiserver', 'apiserver-kubelet-client', 'front-proxy-ca', 'front-proxy-client'];
/** Ours by name, kubeadm's by the kubeconfig that carries it. */
const KUBECONFIG_CLIENTS = {
  admin: 'admin.conf',
  'controller-manager': 'controller-manager.conf',
  scheduler: 'scheduler.conf',
};

let kubeadm: string;
let directory: TemporaryDirectory;

beforeAll(async () => {
  ({ kubeadm } = await ensureBinaries(['kubeadm']));
  directory = await createTemporaryDirectory('pki-kubeadm');
}, 20 * 60_000);

afterAll(async () => {
  await directory.remove();
});

async function kubeadmPhase(folder: string, algorithm: KeyAlgorithm, ...phase: string[]): Promise<string> {
  const config = join(folder, 'kubeadm.yaml');
  const address = { advertiseAddress: '192.0.2.10' };
  const documents = [
    { kind: 'InitConfiguration', localAPIEndpoint: address, nodeRegistration: { name: NODE_NAME } },
    {
      kind: 'ClusterConfiguration',
      kubernetesVersion,
      certificatesDir: folder,
      encryptionAlgorithm: algorithm,
      clusterName: 'demo',
      controlPlaneEndpoint: 'demo.example.com:6443',
      networking: { serviceSubnet: NAMES.serviceCidrs.join(','), dnsDomain: NAMES.clusterDomain },
      apiServer: { certSANs: NAMES.extra },
      etcd: {
        external: { endpoints: ['https://192.0.2.1:2379'], caFile: '/ca', certFile: '/crt', keyFile: '/key' },
      },
    },
  ];
  const text = documents.map((document) =>
    JSON.stringify({ apiVersion: 'kubeadm.k8s.io/v1beta4', ...document }),
  );
  await mkdir(folder, { recursive: true });
  await writeFile(config, text.join('\n---\n'));
  const { stdout } = await run(kubeadm, ['init', 'phase', ...phase, '--config', config]);
  return stdout;
}

/** Everything that Marina makes for a tenant, under kubeadm's file names. */
async function marinaFiles(algorithm: KeyAlgorithm): Promise<ReadonlyMap<string, string>> {
  const now = new Date();
  const files = new Map<string, string>();
  const roots = new Map<string, Issuer>();
  for (const { name, commonName } of ROOT_SPECIFICATIONS) {
    const keyPair = await generateKeyPair(algorithm);
    const serialNumber = newSerialNumber(randomBytes);
    const certificate = issueCertificateAuthority({
      commonName,
      keyPair,
      serialNumber,
      ...validityFrom(now, ROOT_LIFETIME),
    });
    roots.set(name, { certificate, privateKey: keyPair.privateKey });
    files.set(`${name}.crt`, certificate).set(`${name}.key`, keyPair.privateKey);
  }
  for (const specification of certificateSpecifications(NAMES)) {
    const { privateKey, publicKey } = await generateKeyPair(algorithm);
    const issuer = roots.get(specification.signedBy);
    if (!issuer) throw new Error(`no root ${specification.signedBy}`);
    const validity = validityFrom(now, LEAF_LIFETIME, inspectCertificate(issuer.certificate));
    const request = { ...specification, ...validity, publicKey, serialNumber: newSerialNumber(randomBytes) };
    files
      .set(`${specification.name}.crt`, issueCertificate(issuer, request))
      .set(`${specification.name}.key`, privateKey);
  }
  const serviceAccount = await generateServiceAccountKeyPair(algorithm);
  return files.set('sa.key', serviceAccount.privateKey).set('sa.pub', serviceAccount.publicKey);
}

/** What has to be equal: facts but for those that may differ, names as sorted sets. */
function comparable(pem: string, besides: readonly string[]): Partial<CertificateFacts> {
  const facts = inspectCertificate(pem);
  const same = Object.entries(facts).filter(
    ([fact]) => !ALLOWED_DIFFERENCES.facts.some((name) => name === fact),
  );
  const names = (list: readonly string[]) => list.filter((name) => !besides.includes(name)).sort();
  return {
    ...Object.fromEntries(same),
    dnsNames: names(facts.dnsNames),
    ipAddresses: names(facts.ipAddresses),
  };
}

function clientOf(kubeconfig: string): string {
  const config = parse(kubeconfig) as { users: [{ user: { 'client-certificate-data': string } }] };
  return Buffer.from(config.users[0].user['client-certificate-data'], 'base64').toString();
}

describe.each(['ECDSA-P256', 'RSA-2048'] as const)('with keys of %s', (algorithm) => {
  let theirs: string;
  let ours: ReadonlyMap<string, string>;
  const our = (name: string): string => ours.get(name) ?? '';

  beforeAll(async () => {
    theirs = join(directory.path, `kubeadm-${algorithm}`);
    await kubeadmPhase(theirs, algorithm, 'certs', 'all');
    await kubeadmPhase(theirs, algorithm, 'kubeconfig', 'all', '--kubeconfig-dir', theirs);
    ours = await marinaFiles(algorithm);
  }, SLOW);

  it.each(CERTIFICATES)('%s says what kubeadm’s says', async (name) => {
    const kubeadms = await readFile(join(theirs, `${name}.crt`), 'utf8');
    expect(comparable(our(`${name}.crt`), ALLOWED_DIFFERENCES.surplusOfMarina)).toEqual(
      comparable(kubeadms, ALLOWED_DIFFERENCES.surplusOfKubeadm),
    );
  });

  it.each(Object.entries(KUBECONFIG_CLIENTS))(
    '%s says what the client in kubeadm’s %s says',
    async (name, file) => {
      const kubeadms = clientOf(await readFile(join(theirs, file), 'utf8'));
      expect(comparable(our(`${name}.crt`), [])).toEqual(comparable(kubeadms, []));
    },
  );

  it('keys and public keys are encoded as kubeadm encodes them', async () => {
    for (const name of ['ca.key', 'apiserver.key', 'sa.key', 'sa.pub']) {
      const header = (text: string) => text.split('\n')[0];
      expect(header(our(name))).toBe(header(await readFile(join(theirs, name), 'utf8')));
    }
  });

  it('the admin kubeconfig is kubeadm’s but for its credentials', async () => {
    const placeholder = (text: string): unknown =>
      JSON.parse(JSON.stringify(parse(text)).replace(/(-data":)"[^"]+"/g, '$1""'));
    const text = buildKubeconfig({
      clusterName: 'demo',
      server: 'https://demo.example.com:6443',
      certificateAuthority: our('ca.crt'),
      user: { name: 'kubernetes-admin', certificate: our('admin.crt'), privateKey: our('admin.key') },
    });
    expect(placeholder(text)).toEqual(placeholder(await readFile(join(theirs, 'admin.conf'), 'utf8')));
  });

  it('kubeadm takes Marina’s files for its own: it checks the chain, the names and the keys', async () => {
    const folder = join(directory.path, `marina-${algorithm}`);
    await mkdir(folder);
    for (const [name, content] of ours) await writeFile(join(folder, name), content);
    const output = await kubeadmPhase(folder, algorithm, 'certs', 'all');
    for (const name of [...CERTIFICATES, 'sa'])
      expect(output).toMatch(new RegExp(`Using .*existing .*"?\\b${name}\\b`));
    expect(output).not.toContain('Generating');
    for (const [name, content] of ours) expect(await readFile(join(folder, name), 'utf8')).toBe(content);
  });

  it('kubeadm would have told: it refuses a leaf that the root did not sign', async () => {
    const folder = join(directory.path, `mixed-${algorithm}`);
    await mkdir(folder);
    for (const [name, content] of ours) await writeFile(join(folder, name), content);
    await writeFile(join(folder, 'apiserver.crt'), await readFile(join(theirs, 'apiserver.crt')));
    await expect(kubeadmPhase(folder, algorithm, 'certs', 'all')).rejects.toThrow(/apiserver/);
  });

  it('each root reads the certificates that kubeadm’s own root signed, and only those', async () => {
    const root = await readFile(join(theirs, 'ca.crt'), 'utf8');
    const leaf = await readFile(join(theirs, 'apiserver.crt'), 'utf8');
    expect(isIssuedBy(leaf, root)).toBe(true);
    expect(isIssuedBy(leaf, our('ca.crt'))).toBe(false);
    expect(isIssuedBy(our('apiserver.crt'), root)).toBe(false);
  });
});
