/**
 * How long each step of making a tenant's certificates takes. `node hack/bench/pki.ts [rounds]`
 *
 * CPU is the mean of the main thread alone (`process.threadCpuUsage`): the thread pool and other processes keep no tenant
 * waiting. It is no more than a mean because the kernel may account CPU in ticks of 4 ms. Exits 1 over the budget.
 */
import { randomBytes } from 'node:crypto';

import {
  decideRenewal,
  generateKeyPair,
  inspectCertificate,
  issueCertificate,
  issueCertificateAuthority,
  LEAF_LIFETIME,
  newSerialNumber,
  ROOT_LIFETIME,
  validityFrom,
  type KeyAlgorithm,
} from '../../src/pki/index.ts';

/** Milliseconds of CPU in one synchronous step. */
const BUDGET = 5;

interface Summary {
  readonly operation: string;
  readonly 'ms, median': string;
  readonly 'ms, p99': string;
  readonly 'CPU ms, mean': string;
}

const rounds = Number(process.argv[2] ?? 300);
const now = new Date();
const summaries: Summary[] = [];

for (const algorithm of ['ECDSA-P256', 'RSA-2048'] as const) await measureAlgorithm(algorithm);
console.table(summaries);
console.log(`${rounds} rounds each on Node ${process.version}; budget ${BUDGET} ms of CPU a step`);

async function measureAlgorithm(algorithm: KeyAlgorithm): Promise<void> {
  const keyPair = await generateKeyPair(algorithm);
  const leafKeys = await generateKeyPair(algorithm);
  const root = () =>
    issueCertificateAuthority({
      commonName: 'kubernetes',
      keyPair,
      serialNumber: newSerialNumber(randomBytes),
      ...validityFrom(now, ROOT_LIFETIME),
    });
  const issuer = { certificate: root(), privateKey: keyPair.privateKey };
  const wanted = {
    subject: { commonName: 'kube-apiserver' },
    usages: ['serverAuth'],
    dnsNames: [
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ],
    ipAddresses: ['10.96.0.1', 'fd00:10:96::1', '192.0.2.1'],
    keyAlgorithm: algorithm,
  } as const;
  const leaf = () =>
    issueCertificate(issuer, {
      ...wanted,
      publicKey: leafKeys.publicKey,
      serialNumber: newSerialNumber(randomBytes),
      ...validityFrom(now, LEAF_LIFETIME),
    });
  const present = {
    certificate: leaf(),
    privateKey: leafKeys.privateKey,
    issuerCertificate: issuer.certificate,
  };

  await measure(`${algorithm}: generateKeyPair (thread pool)`, () => generateKeyPair(algorithm));
  await measure(`${algorithm}: issueCertificateAuthority`, root);
  await measure(`${algorithm}: issueCertificate`, leaf);
  await measure(`${algorithm}: inspectCertificate`, () => inspectCertificate(present.certificate));
  await measure(`${algorithm}: decideRenewal`, () => decideRenewal({ ...present, wanted, now }));
}

async function measure(operation: string, step: () => unknown): Promise<void> {
  for (let round = 0; round < Math.min(rounds, 20); round++) await step();
  const wall: number[] = [];
  const before = process.threadCpuUsage();
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await step();
    wall.push(performance.now() - start);
  }
  const { user, system } = process.threadCpuUsage(before);
  const cpu = (user + system) / 1000 / rounds;
  if (cpu > BUDGET) process.exitCode = 1;
  summaries.push({
    operation,
    'ms, median': quantile(wall, 0.5).toFixed(2),
    'ms, p99': quantile(wall, 0.99).toFixed(2),
    'CPU ms, mean': cpu.toFixed(2),
  });
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
